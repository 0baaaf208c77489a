"""Portfolio margin: SPAN-like scenarios, exposure and premium, with the benefit of hedges."""

from collections.abc import Sequence
from datetime import date

import msgspec

from server.domain.instruments import Instrument
from server.domain.orders import Product
from server.rulebook import Rulebook

__all__ = ("Margin", "MarginLeg", "portfolio_margin")


class MarginLeg(msgspec.Struct, frozen=True, kw_only=True):
    """A position, or an order as if it were filled. Prices in rupees, as floats: this is analytics."""

    instrument: Instrument
    quantity: int
    """Signed units."""
    price: float
    """Price of the instrument itself."""
    underlying_price: float
    """Price of the underlying; for shares the same as `price`."""
    product: Product
    sigma: float | None = None
    """Annualised implied volatility of an option; None = taken from its price."""
    forward: float | None = None
    """Forward of the option's expiry (the future's price); None = spot carried at the rulebook's rate."""


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """Margin in paise."""

    span_minor: int = 0
    """Scenario risk; for shares VaR and extreme-loss margin."""
    exposure_minor: int = 0
    premium_minor: int = 0
    """Paid in full: premium of options bought, value of shares bought for delivery."""
    total_minor: int = 0
    benefit_minor: int = 0
    """What the legs would take one by one, less `total_minor`."""


def portfolio_margin(legs: Sequence[MarginLeg], rulebook: Rulebook, day: date) -> Margin:
    """Margin of all legs together; hedges count within one underlying."""
    raise NotImplementedError
