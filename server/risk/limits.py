"""Limits of an account: frozen, each field range-checked, stored on disk through the journal (law 8)."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from server.core.errors import Invalid

__all__ = ("Limits", "limits_from", "limits_to")

Rupees = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000_000)]
Units = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Percent = Annotated[float, msgspec.Meta(gt=0, le=100)]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one account may do. Money in whole rupees."""

    order_quantity: Units = 100_000
    """Largest quantity of one order, in units."""
    order_value: Rupees = 5_000_000
    """Largest value of one order: quantity x price, premium for options."""
    position_quantity: Units = 500_000
    """Largest position in one instrument, open orders included, in units."""
    concentration: Percent = 100.0
    """Largest part of the account's equity in one share, percent; delivery and intraday shares only."""
    leverage: Annotated[float, msgspec.Meta(gt=0, le=1000)] | None = 50.0
    """Most exposure for each rupee of equity: shares and futures by value, options sold by their underlying's value,
    options bought by premium."""
    correlated: Annotated[float, msgspec.Meta(gt=0, le=1000)] | None = None
    """The same for all that moves alike (correlation of daily returns 0.7 or more) and is held the same way."""
    volume_share: Percent | None = None
    """Largest part of the day's traded volume that one order may be, percent."""
    spread: Percent | None = 50.0
    """Widest gap between bid and ask, percent of their middle, at which a market order goes out; ten ticks are never
    too wide."""
    day_loss: Rupees = 50_000
    """Loss since the day's start, charges and open positions included, at which only reducing orders pass."""
    drawdown: Percent | None = 25.0
    """Fall from the account's highest wealth, percent of it, at which only reducing orders pass."""
    errors_per_minute: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = 30
    """Rejections and lost answers of the broker within a minute at which only reducing orders pass."""
    open_orders: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    """Most orders working at one time."""
    orders_per_second: Annotated[float, msgspec.Meta(gt=0, le=100_000)] = 10.0
    """Order rate; placing and modifying count, cancelling is never refused for rate (NSE/INVG/67858: 10 a second)."""
    price_away: Percent = 20.0
    """How far a limit price may be on the losing side of the last price, percent; options have the exchange's band."""
    price_age: Annotated[float, msgspec.Meta(gt=0, le=3600)] | None = None
    """Oldest price an order may be priced on, seconds; None = the market's own policy for each instrument."""
    blocked: Annotated[tuple[Name, ...], msgspec.Meta(max_length=500)] = ()
    """Instrument keys, or names of underlyings, in which no position may be opened or grown."""


def limits_to(limits: Limits) -> dict[str, Any]:
    """Plain data for the journal and the wire."""
    return msgspec.to_builtins(limits)  # type: ignore[no-any-return]


def limits_from(body: dict[str, Any]) -> Limits:
    """Read limits back; raises Invalid naming the field that is out of range, and the range."""
    try:
        return msgspec.convert(body, Limits, strict=True)
    except msgspec.ValidationError as error:
        text, _, at = str(error).partition(" - at ")
        unknown = re.search("unknown field `([^`]+)`", text)
        field = unknown[1][:60] if unknown else at.strip("`$.")
        taken = _RANGES.get(field, "")
        said = f"{field.replace('_', ' ')} must be {taken}" if taken else f"{text[0].lower()}{text[1:]}"
        raise Invalid(
            f"Limits not changed: {said}.",
            code="risk.limits",
            field=field,
            limit=taken,
            value=str(body.get(field, ""))[:40],
            remedy="Give such a value." if taken else "Mend the value; every field has its range in the API page.",
        ) from None


def _ranges() -> Iterator[tuple[str, str]]:
    for field in msgspec.inspect.type_info(Limits).fields:  # type: ignore[attr-defined]
        kinds = field.type.types if isinstance(field.type, msgspec.inspect.UnionType) else (field.type,)
        for kind in kinds:
            if isinstance(kind, msgspec.inspect.IntType | msgspec.inspect.FloatType):
                word = "a whole number" if isinstance(kind, msgspec.inspect.IntType) else "a number"
                least = f"from {kind.ge:,} to" if kind.ge is not None else f"above {kind.gt:,}, at most"
                empty = ", or nothing for no limit" if len(kinds) > 1 else ""
                yield field.name, f"{word} {least} {kind.le:,}{empty}"


_RANGES = dict(_ranges())
