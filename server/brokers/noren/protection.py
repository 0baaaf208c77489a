"""Prices that stand for "at market" where a broker refuses market orders from an API.

The distance is the order's own protection, else by the price: shares and futures below 100 two percent, to 500 one,
above a half; options below 10 five percent, to 100 three, to 500 two, above one (the exchanges' slabs for protection).
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from server.domain.instruments import Instrument

__all__ = ("protected",)

_SHARES = ((Decimal(100), Decimal(2)), (Decimal(500), Decimal(1)))
_OPTIONS = ((Decimal(10), Decimal(5)), (Decimal(100), Decimal(3)), (Decimal(500), Decimal(2)))


def protected(instrument: Instrument, side: str, price: Decimal, protection: Decimal | None) -> Decimal:
    """The worst price an order at market may trade at, on the tick, rounded so that the distance is kept."""
    percent = protection or _slab(instrument, price)
    buy = side == "BUY"
    worst = price * (100 + percent if buy else 100 - percent) / 100
    ticks = (worst / instrument.tick).to_integral_value(ROUND_FLOOR if buy else ROUND_CEILING)
    return max(ticks, Decimal(1)) * instrument.tick


def _slab(instrument: Instrument, price: Decimal) -> Decimal:
    slabs, above = (_OPTIONS, Decimal(1)) if instrument.kind == "OPTION" else (_SHARES, Decimal("0.5"))
    return next((percent for limit, percent in slabs if price < limit), above)
