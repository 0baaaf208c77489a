"""Margin an account must hold: positions and open orders by underlying, each recomputed only when it changed.

An order that may never fill must not lend its hedge to another one, so a group's margin is the most of three cases:
nothing fills, all buys fill, all sells fill. Premium and delivery value are not margin: they are paid in cash, and the
order path holds that cash by order.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import cast

from server.core.clock import india_day
from server.domain.books import Position
from server.domain.instruments import Instrument
from server.domain.orders import Product
from server.risk.margin import Margin, MarginLeg
from server.risk.ports import Market
from server.rulebook import DELIVERY_LOOK_DAYS

__all__ = ("MarginRule", "Needs", "Ordered")

_REMEMBERED = 256

Ordered = tuple[str, str, str, int, Decimal | None]
"""What may still fill: instrument key, product, side, units, and a price that stands in while the market has none."""

MarginRule = Callable[[Sequence[MarginLeg], date], Margin]
"""`portfolio_margin` with the rulebook filled in."""


class Needs:
    """Margin by account and group; a group is all that has one underlying name."""

    def __init__(self, margin: MarginRule) -> None:
        self._margin = margin
        self._groups: dict[str, dict[str, int]] = {}
        self._last: dict[tuple[object, ...], int] = {}

    def required(
        self, market: Market, positions: Iterable[Position], orders: Iterable[Ordered], group: str
    ) -> int | None:
        """Paise that positions and open orders of `group` must hold; None when a price is missing.

        What is in one instrument and product counts together, so the cost follows the number of instruments."""
        held: _Parts = {}
        buys: _Parts = {}
        sells: _Parts = {}
        find = market.instrument
        for position in positions:
            found = find(position.key) if position.quantity else None
            if found is not None and found.name == group:
                _add(held, position.key, found, position.product, position.of_unit(found.unit).quantity, None)
        for key, product, side, quantity, own in orders:
            found = find(key) if quantity else None
            if found is not None and found.name == group:
                buying = side == "BUY"
                _add(buys if buying else sells, key, found, product, quantity if buying else -quantity, own)
        cases = [held] if held else []
        cases += [_joined(held, side) for side in (buys, sells) if side]
        if not cases:
            return 0
        day, last = india_day(market.now()), _Once(market)
        most = 0
        for case in cases:
            one = self._one(last, case, day)
            if one is None:
                return None
            most = max(most, one)
        return most

    def groups(self, account: str) -> dict[str, int] | None:
        """Margin by group as last set; None before it was first worked out as a whole."""
        return self._groups.get(account)

    def set_all(self, account: str, groups: dict[str, int]) -> int:
        """Set every group; returns the total."""
        self._groups[account] = groups
        return sum(groups.values())

    def set_one(self, account: str, group: str, minor: int) -> int:
        """Set one group; returns the total."""
        groups = self._groups[account]
        if minor:
            groups[group] = minor
        else:
            groups.pop(group, None)
        return sum(groups.values())

    def forget(self) -> None:
        """Begin again, after a load from disk."""
        self._groups = {}

    def _one(self, last: "_Once", parts: "_Parts", day: date) -> int | None:
        counted = [part for part in parts.values() if part.quantity]
        for part in counted:
            if not part.paid or part.delivers_by(day):
                break
        else:
            return 0
        priced = []
        for part in counted:
            prices = part.prices(last)
            if prices is None:
                return None
            priced.append((part.key, part.product, part.quantity, *prices))
        # one decision asks the same question several times at one moment
        asked = (day, *priced)
        known = self._last.get(asked)
        if known is None:
            legs = [
                MarginLeg(
                    instrument=part.instrument,
                    quantity=part.size,
                    price=price,
                    underlying_price=under,
                    product=cast("Product", part.product),
                )
                for part, (_, _, _, price, under) in zip(counted, priced, strict=True)
            ]
            margin = self._margin(legs, day)
            known = max(0, margin.total_minor - margin.premium_minor)
            if len(self._last) >= _REMEMBERED:
                self._last.clear()
            self._last[asked] = known
        return known


class _Once(dict[str, float]):
    """Last prices, each asked of the market once for all cases of one question."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def __missing__(self, key: str) -> float:
        price = self[key] = self._market.last(key)
        return price


class _Part:
    """All that is held, or might be, in one instrument and product."""

    __slots__ = ("instrument", "key", "own", "product", "quantity")

    def __init__(self, key: str, instrument: Instrument, product: str, quantity: int, own: Decimal | None) -> None:
        self.key = key
        self.instrument = instrument
        self.product = product
        self.quantity = quantity
        self.own = own
        """An order's own price, for an instrument that has none in the market yet."""

    @property
    def size(self) -> int | float:
        """The quantity as the exchange counts it."""
        return self.quantity if self.instrument.unit == 1 else float(self.quantity * self.instrument.unit)

    @property
    def paid(self) -> bool:
        """Whether nothing more than its price can be lost: options bought, shares for delivery."""
        return (self.instrument.kind == "OPTION" and self.quantity > 0) or self.product == "CNC"

    def delivers_by(self, day: date) -> bool:
        """Whether it is an option on a share that may be margined for delivery soon, though it is paid for."""
        expiry = self.instrument.expiry
        soon = expiry is not None and (expiry - day).days <= DELIVERY_LOOK_DAYS
        return soon and self.instrument.segment == "STOCK_OPT"

    def prices(self, last: _Once) -> tuple[float, float] | None:
        """Price of the instrument and of its underlying; None when one is missing."""
        price = last[self.key]
        if math.isnan(price):
            if self.own is None:
                return None
            price = float(self.own)
        under = last[self.instrument.underlying] if self.instrument.underlying else price
        if math.isnan(under):
            if self.instrument.kind == "OPTION":
                return None
            under = price
        return price, under


_Parts = dict[tuple[str, str], _Part]


def _add(parts: _Parts, key: str, instrument: Instrument, product: str, quantity: int, own: Decimal | None) -> None:
    part = parts.get((key, product))
    if part is None:
        parts[key, product] = _Part(key, instrument, product, quantity, own)
    else:
        part.quantity += quantity


def _joined(held: _Parts, side: _Parts) -> _Parts:
    """Positions with one side's orders filled."""
    out = {place: _Part(p.key, p.instrument, p.product, p.quantity, p.own) for place, p in held.items()}
    for part in side.values():
        _add(out, part.key, part.instrument, part.product, part.quantity, part.own)
    return out
