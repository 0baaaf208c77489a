"""Margin parameters of one instrument on one day."""

import msgspec

__all__ = ("MarginRules",)


class MarginRules(msgspec.Struct, frozen=True, kw_only=True):
    """What `risk.margin` needs to know; fractions unless said otherwise."""

    name: str
    index: bool
    """Index or index derivative."""
    price_scan: float
    """Price scan range, of the underlying's price."""
    price_scan_sigmas: float
    """The range is at least this many daily sigmas, where the sigma is known."""
    vol_scan: float
    """Volatility scan range: least absolute move of annualised volatility."""
    vol_scan_share: float
    """The range is at least this share of annualised volatility."""
    extreme_move: float
    """Price move of the two extreme scenarios, in price scan ranges."""
    extreme_share: float
    """Share of the extreme scenarios' loss that counts."""
    calendar_charge: float
    """Charge per unit of delta matched across months, of the far month's price."""
    calendar_benefit: bool
    """False when the instrument expires this day and its month no longer offsets the others."""
    short_option_minimum: float
    """Least scan margin of a short option, of the underlying's value."""
    exposure: float
    """Exposure margin: of the futures price, and of the underlying's price for short options."""
    exposure_calendar: float
    """Share of the far leg's exposure that a futures calendar spread pays."""
    expiry_day_short: float
    """Additional margin on a short option that expires this day, of the underlying's value."""
    premium_upfront: bool
    equity_upfront: float
    """VaR and extreme-loss margin of a share traded intraday."""
    rate: float
    """Interest rate used for forwards, a year, continuously compounded."""
    source: str
    conf: str
