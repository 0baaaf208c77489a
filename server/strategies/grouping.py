"""Strategies out of positions: found by themselves where no strategy claims the units, or made by hand."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from server.core.errors import Conflict, Invalid, NotFound
from server.domain.books import Position
from server.domain.instruments import Instrument
from server.domain.orders import Product
from server.market.market import Market
from server.options.legs import Leg
from server.options.recognise import group
from server.orders.desk import SYSTEM, Desk
from server.strategies.book import StrategyBook
from server.strategies.strategy import Strategy, filled

__all__ = ("Grouping", "Loose", "Wanted")

MOST_LEGS = 20


class Loose(msgspec.Struct, frozen=True, kw_only=True):
    """Derivative units in no strategy."""

    key: str
    product: Product
    quantity: int
    """Signed units."""


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Units that are to be a leg."""

    key: str
    product: Product
    quantity: int
    """Signed units."""


class Grouping:
    """See the module's text."""

    def __init__(self, desk: Desk, book: StrategyBook) -> None:
        self._desk = desk
        self._book = book

    def loose(self, account: str, market: Market) -> list[tuple[Loose, Position, Instrument]]:
        """Derivative units of positions that no strategy claims."""
        out = []
        for position in self._desk.ledger.positions(account):
            item = market.instrument(position.key)
            if not position.quantity or item is None or not item.derivative:
                continue
            left = position.quantity - self._book.claimed(account, position.key, position.product)
            if left * position.quantity > 0:
                out.append((Loose(key=position.key, product=position.product, quantity=left), position, item))
        return out

    def find(self, account: str, market: Market) -> list[Strategy]:
        """Make strategies of loose units that nobody put aside; returns those made."""
        by_name: dict[tuple[str, Product], list[tuple[Loose, Position, Instrument]]] = {}
        for one in self.loose(account, market):
            loose, _, item = one
            aside = self._book.left_alone.get((account, loose.key, loose.product), 0)
            if aside != loose.quantity:
                by_name.setdefault((item.underlying, loose.product), []).append(one)
        made = []
        for (underlying, product), held in by_name.items():
            legs = [Leg.of(item, loose.quantity, _average(position)) for loose, position, item in held]
            spot = market.last(underlying)
            for found in group(legs, spot if spot > 0 else None):
                if any(leg.kind == "OPTION" for leg in found.legs):
                    title = held[0][2].name
                    made.append(
                        self._make(account, market, title, underlying, product, list(found.legs), "found", found.key)
                    )
        return made

    def by_hand(
        self, account: str, market: Market, name: str, wanted: Sequence[Wanted], actor: str, correlation: str
    ) -> Strategy:
        """Make a strategy of positions; units of found ones are taken over. Raises Invalid, NotFound or Conflict."""
        if not 1 <= len(wanted) <= MOST_LEGS:
            raise Invalid(
                f"A strategy has 1 to {MOST_LEGS} legs; {len(wanted)} were sent.", code="strategy.legs", field="legs"
            )
        items, legs = [], []
        for index, one in enumerate(wanted):
            field = f"legs[{index}]"
            item = market.instrument(one.key)
            if item is None:
                raise NotFound(
                    f"{one.key[:60]} is not in this market.", code="instrument.unknown", field=f"{field}.key"
                )
            if not item.derivative:
                raise Invalid(
                    f"{item.symbol} is no option or future.", code="options.not_derivative", field=f"{field}.key"
                )
            position = self._desk.ledger.position(account, one.key, one.product)
            if one.quantity == 0 or one.quantity * position.quantity <= 0 or abs(one.quantity) > abs(position.quantity):
                raise Invalid(
                    f"You hold {position.quantity} of {item.symbol} under {one.product}.",
                    code="strategy.legs",
                    field=f"{field}.quantity",
                    limit=position.quantity,
                    value=one.quantity,
                    remedy="Take up to as many, with the same sign.",
                )
            items.append(item)
            legs.append(Leg.of(item, one.quantity, _average(position)))
        if len({item.underlying for item in items}) > 1 or len({one.product for one in wanted}) > 1:
            raise Invalid(
                "The legs of a strategy have one underlying and one product.",
                code="options.mixed",
                field="legs",
                remedy="Make one strategy for each.",
            )
        if len({one.key for one in wanted}) < len(wanted):
            raise Invalid("A contract is named twice.", code="strategy.legs", field="legs")
        for index, one in enumerate(wanted):
            self._take_over(account, one, index)
        return self._make(
            account, market, items[0].name, items[0].underlying, wanted[0].product, legs, "grouped", None,
            name=name, actor=actor, correlation=correlation,
        )  # fmt: skip

    def _take_over(self, account: str, one: Wanted, index: int) -> None:
        """Free the units from found strategies, or raise Conflict when others hold them."""
        position = self._desk.ledger.position(account, one.key, one.product).quantity
        for strategy in self._book.live(account):
            free = position - self._book.claimed(account, one.key, one.product)
            if abs(free) >= abs(one.quantity) and free * one.quantity > 0:
                return
            if strategy.origin == "found" and any(leg.key == one.key for leg in strategy.held):
                self._book.keep(strategy, "ungrouped", state="UNGROUPED", legs=(), reason="Grouped by hand.")
        free = position - self._book.claimed(account, one.key, one.product)
        if abs(free) < abs(one.quantity):
            raise Conflict(
                "Some of these units belong to another strategy.",
                code="strategy.claimed",
                field=f"legs[{index}].quantity",
                limit=free,
                value=one.quantity,
                remedy="Ungroup that strategy first, or take fewer units.",
            )

    def _make(
        self,
        account: str,
        market: Market,
        title: str,
        underlying: str,
        product: Product,
        legs: Sequence[Leg],
        origin: Literal["found", "grouped"],
        template: str | None,
        *,
        name: str = "",
        actor: str = SYSTEM,
        correlation: str = "",
    ) -> Strategy:
        now, at = self._desk.clock.now(), market.now()
        strategy = Strategy(
            id=self._desk.ids.next(),
            account=account,
            market=market.id,
            name=name or title,
            underlying=underlying,
            template=template or "",
            state="PENDING",
            origin=origin,
            product=product,
            created=now,
            updated=now,
        )
        for leg in legs:
            strategy = _held(strategy, leg, product, at)
        self._book.keep(strategy, origin, actor, correlation)
        return self._book.find(strategy.id) or strategy


def _held(strategy: Strategy, leg: Leg, product: Product, at: datetime) -> Strategy:
    return filled(strategy, key=leg.key, product=product, signed=leg.quantity, price=leg.price, at=at)


def _average(position: Position) -> Decimal:
    average = position.average
    return Decimal(0) if average is None else abs(average)
