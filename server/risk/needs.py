"""Margin an account must hold: positions and open orders by underlying, each recomputed only when it changed.

An order that may never fill must not lend its hedge to another one, so a group's margin is the most of three cases:
nothing fills, all buys fill, all sells fill. Premium and delivery value are not margin: they are paid in cash, and the
order path holds that cash by order.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from server.core.clock import IST
from server.domain.books import Position
from server.domain.instruments import Instrument
from server.domain.orders import Order
from server.risk.margin import Margin, MarginLeg
from server.risk.ports import Market

__all__ = ("MarginRule", "Needs")

MarginRule = Callable[[Sequence[MarginLeg], date], Margin]
"""`portfolio_margin` with the rulebook filled in."""


class Needs:
    """Margin by account and group; a group is all that has one underlying name."""

    def __init__(self, margin: MarginRule) -> None:
        self._margin = margin
        self._groups: dict[str, dict[str, int]] = {}

    def required(
        self, market: Market, positions: Iterable[Position], orders: Iterable[Order], group: str
    ) -> int | None:
        """Paise that positions and open orders of `group` must hold; None when a price is missing.

        `orders` count with what they still may fill."""
        held = []
        for position in positions:
            if position.quantity == 0:
                continue
            instrument = market.instrument(position.key)
            if instrument is not None and instrument.name == group:
                held.append(_Part(instrument, position.quantity, position.product, None))
        buys: list[_Part] = []
        sells: list[_Part] = []
        for order in orders:
            instrument = market.instrument(order.key)
            if instrument is not None and instrument.name == group and order.pending:
                side = buys if order.side == "BUY" else sells
                price = order.price or order.trigger or order.reference
                own = None if price is None else float(price)
                side.append(_Part(instrument, order.pending * order.sign, order.product, own))
        day = market.now().astimezone(IST).date()
        cases = [held, held + buys] if buys else [held]
        if sells:
            cases.append(held + sells)
        most = 0
        for parts in cases:
            one = self._one(market, parts, day)
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

    def _one(self, market: Market, parts: Sequence["_Part"], day: date) -> int | None:
        if all(part.paid for part in parts):
            return 0
        legs = []
        for part in parts:
            leg = part.leg(market)
            if leg is None:
                return None
            legs.append(leg)
        margin = self._margin(legs, day)
        return max(0, margin.total_minor - margin.premium_minor)


class _Part:
    """A position, or an order as if it were filled."""

    __slots__ = ("instrument", "price", "product", "quantity")

    def __init__(self, instrument: Instrument, quantity: int, product: str, price: float | None) -> None:
        self.instrument = instrument
        self.quantity = quantity
        self.product = product
        self.price = price

    @property
    def paid(self) -> bool:
        """Whether nothing more than its price can be lost: options bought, shares for delivery."""
        return (self.instrument.kind == "OPTION" and self.quantity > 0) or self.product == "CNC"

    def leg(self, market: Market) -> MarginLeg | None:
        """The form the margin rule takes; None when a price is missing."""
        price = market.last(self.instrument.key)
        if math.isnan(price):
            if self.price is None:
                return None
            price = self.price
        under = market.last(self.instrument.underlying) if self.instrument.underlying else price
        if math.isnan(under):
            if self.instrument.kind == "OPTION":
                return None
            under = price
        return MarginLeg(
            instrument=self.instrument,
            quantity=self.quantity,
            price=price,
            underlying_price=under,
            product=self.product,  # type: ignore[arg-type]
        )
