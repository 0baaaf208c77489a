"""The front of strategy tracking: everything the API may ask of it.

Composition: make it, `await load()` after the order path was loaded, run `tracker.run` as a supervised part.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

import msgspec

from server.analytics.chains import Chains
from server.core.clock import to_ns
from server.core.errors import Conflict, Invalid, SaudaError
from server.domain.instruments import Instrument
from server.domain.orders import OrderRequest, Product
from server.market.market import Market
from server.market.ports import TickStore
from server.options.legs import Leg
from server.orders.baskets import Basket
from server.orders.service import OrderService
from server.rulebook import Rulebook
from server.strategies.adjust import Change, changes_of
from server.strategies.book import StrategyBook
from server.strategies.builder import Builder, Built, LegWanted
from server.strategies.costs import LegOrder, MarginNeed, charges_of, margin_of
from server.strategies.drafting import Draft, Edit, alerts_of, guarded, name_of, planned, replanned
from server.strategies.grouping import Grouping, Wanted
from server.strategies.guard import closing_legs, why_waiting
from server.strategies.live import Live, live_of
from server.strategies.performance import Course, Record, course_of, record_of
from server.strategies.sending import LegSent, OrderKind, requests_of, send, unsent
from server.strategies.strategy import Adjustment, Strategy
from server.strategies.tracker import Tracker, series_key

__all__ = ("Adjusted", "Series", "Strategies")

_MOST_MINUTES = 1_500
_FINISHED = ("CLOSED", "EXPIRED")
_MOST_FINISHED = 2_000


class Adjusted(msgspec.Struct, frozen=True, kw_only=True):
    """An adjustment before it is sent."""

    orders: Sequence[LegOrder]
    closes: Sequence[bool]
    """Whether each order closes units held."""
    before: Built
    after: Built
    margin: MarginNeed | None
    charges_minor: int | None
    cost_minor: int
    """Net premium it takes; below zero is received."""
    requests: Sequence[OrderRequest]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Course of a strategy by market minute: milliseconds, rupees."""

    t: Sequence[int]
    profit: Sequence[float]
    value: Sequence[float | None]
    spot: Sequence[float | None]


class Strategies:
    """See the module's text."""

    def __init__(
        self,
        *,
        orders: OrderService,
        book: StrategyBook,
        grouping: Grouping,
        tracker: Tracker,
        builder: Builder,
        chains: Chains,
        markets: Mapping[str, Market],
        rulebook: Rulebook,
        store: TickStore,
        plan: str,
    ) -> None:
        self.tracker = tracker
        self.book = book
        self._orders = orders
        self._desk = orders.desk
        self._grouping = grouping
        self._builder = builder
        self._chains = chains
        self._markets = markets
        self._rulebook = rulebook
        self._store = store
        self._plan = plan

    async def load(self) -> None:
        """Read what is on disk."""
        await self.book.load(list(self._desk.accounts))
        for strategy in self.book.live(states=("DRAFT", "PENDING", "ACTIVE")):
            self._desk.ids.after(strategy.id)

    # ---------------------------------------------------------------- looking

    def live(self, strategy: Strategy) -> Live | None:
        """Figures of an open strategy; None for any other, and while its market does not run."""
        market = self._markets.get(strategy.market)
        if market is None or strategy.state != "ACTIVE":
            return None
        return live_of(strategy, market, self._chains, self._rulebook)

    def waiting(self, strategy: Strategy) -> str:
        """Why stop and target are not judged now."""
        market = self._markets.get(strategy.market)
        if market is None:
            return "Its market does not run." if strategy.guard == "ARMED" else ""
        return why_waiting(strategy, market)

    def loose(self, account: str) -> list[Any]:
        """Derivative units in no strategy."""
        market = self._markets.get(self._desk.account(account).market)
        return [] if market is None else [one for one, _, _ in self._grouping.loose(account, market)]

    # ---------------------------------------------------------------- drafts

    async def create(self, draft: Draft, actor: str, correlation: str) -> Strategy:
        """Keep a draft; raises Invalid naming leg and field."""
        market = self._market(draft.account)
        name = name_of(draft.name)
        found, legs, expiry = planned(self._builder, market, draft.legs, draft.product)
        now = self._desk.clock.now()
        strategy = Strategy(
            id=self._desk.ids.next(),
            account=draft.account,
            market=market.id,
            name=name,
            underlying=found,
            template=draft.template[:60],
            product=draft.product,
            legs=legs,
            expiry=expiry,
            note=draft.note[:500],
            created=now,
            updated=now,
        )
        await self.book.keep(strategy, "drafted", actor, correlation)
        return self.book.find(strategy.id) or strategy

    async def edit(self, strategy_id: str, edit: Edit, actor: str, correlation: str) -> Strategy:
        """Change name, note, stop, target, alerts; of a draft also legs and product. Raises Conflict when it has
        changed meanwhile."""
        strategy = await self.book.get(strategy_id)
        if not strategy.edited <= edit.revision <= strategy.revision:
            raise Conflict(
                f"{strategy.name} has changed meanwhile.",
                code="strategy.revision",
                field="revision",
                limit=strategy.revision,
                value=edit.revision,
                remedy="Read it again, then change it.",
            )
        changes: dict[str, Any] = {}
        if edit.name is not msgspec.UNSET:
            changes["name"] = name_of(edit.name)
        if edit.note is not msgspec.UNSET:
            changes["note"] = edit.note[:500]
        if edit.product is not msgspec.UNSET or edit.legs is not msgspec.UNSET:
            self.book.in_state(strategy, "DRAFT", doing="given other legs")
            changes |= replanned(self._builder, self._market(strategy.account), strategy, edit)
        if edit.stop_minor is not msgspec.UNSET or edit.target_minor is not msgspec.UNSET:
            self.book.in_state(strategy, "DRAFT", "PENDING", "ACTIVE", doing="given a stop or target")
            changes |= guarded(strategy, edit, self.live(strategy))
        if edit.alerts is not msgspec.UNSET:
            self.book.in_state(strategy, "DRAFT", "PENDING", "ACTIVE", doing="given alerts")
            changes["alerts"] = alerts_of(strategy, edit.alerts, self._desk.ids.next)
        if not changes:
            return strategy
        await self.book.keep(strategy, "edited", actor, correlation, **changes)
        return self.book.find(strategy_id) or await self.book.get(strategy_id)

    async def delete(self, strategy_id: str, actor: str, correlation: str) -> None:
        """Remove a draft, hide a finished one, ungroup an open one (its units are the account's own again)."""
        strategy = await self.book.get(strategy_id)
        self.book.in_state(strategy, "DRAFT", "ACTIVE", *_FINISHED, doing="deleted while it is being sent")
        if strategy.state != "ACTIVE":
            await self.book.keep(strategy, "deleted", actor, correlation, state="DELETED")
            return
        if strategy.guard == "FIRED" or not unsent(self._orders, strategy):
            raise Conflict(
                f"Orders of {strategy.name} are on their way.",
                code="strategy.state",
                field="state",
                remedy="Wait until they are done, or cancel them.",
            )
        for leg in strategy.held:
            self.book.left_alone[strategy.account, leg.key, leg.product] = leg.quantity
        await self.book.keep(strategy, "ungrouped", actor, correlation, state="UNGROUPED", guard="OFF")

    async def group(self, account: str, name: str, wanted: Sequence[Wanted], actor: str, correlation: str) -> Strategy:
        """Make a strategy of positions by hand."""
        market = self._market(account)
        self._desk.ensure_writable()
        made = self._grouping.by_hand(account, market, name_of(name), wanted, actor, correlation)
        await self._desk.recorder.flush()
        return made

    # --------------------------------------------------------------- sending

    async def send(
        self,
        strategy_id: str,
        kind: OrderKind,
        *,
        on_failure: Literal["stop", "unwind"],
        buy_first: bool,
        actor: str,
        correlation: str,
    ) -> tuple[Strategy, Basket]:
        """Send a draft as a basket; PENDING is on disk before anything goes out."""
        strategy = await self.book.get(strategy_id)
        self.book.in_state(strategy, "DRAFT", doing="sent")
        market = self._market(strategy.account)
        legs = []
        for leg in strategy.legs:
            item = market.instrument(leg.key)
            if item is None:
                raise Invalid(f"{leg.key} is not in this market.", code="instrument.unknown", field="legs")
            legs.append(LegSent(instrument=item, product=leg.product, signed=leg.planned, price=leg.price))
        requests = requests_of(market, self._rulebook, strategy, legs, kind)
        self._orders.baskets.checked(strategy.account, requests)
        await self.book.keep(strategy, "sending", actor, correlation, state="PENDING", reason="")
        sent = self.book.find(strategy_id) or strategy
        try:
            basket = await send(
                self._orders,
                sent,
                requests,
                sent.name,
                on_failure=on_failure,
                buy_first=buy_first,
                actor=actor,
                correlation=correlation,
            )
        except SaudaError as error:
            now = self.book.find(strategy_id)
            if now is not None and now.state == "PENDING":
                self.book.keep(now, "unsent", actor, correlation, state="DRAFT", reason=error.detail)
            raise
        return self._with_basket(strategy_id, basket, "sent", actor, correlation), basket

    async def close(
        self, strategy_id: str, kind: OrderKind, fraction: float, actor: str, correlation: str
    ) -> tuple[Strategy, Basket]:
        """Close the whole, or a part of every leg."""
        strategy = await self.book.get(strategy_id)
        self.book.in_state(strategy, "ACTIVE", doing="closed")
        self._idle(strategy)
        market = self._market(strategy.account)
        legs = closing_legs(self._desk, strategy, market, fraction)
        if not legs:
            raise Invalid(
                "That part is less than a lot of any leg.",
                code="options.lots",
                field="fraction",
                value=fraction,
                remedy="Close a larger part.",
            )
        requests = requests_of(market, self._rulebook, strategy, legs, kind)
        basket = await send(
            self._orders, strategy, requests, f"{strategy.name} close", actor=actor, correlation=correlation
        )
        return self._with_basket(strategy_id, basket, "closing", actor, correlation), basket

    # ------------------------------------------------------------- adjusting

    async def adjusted(self, strategy_id: str, change: Change, added: Sequence[LegWanted], kind: OrderKind) -> Adjusted:
        """An adjustment worked out, with the payoff before and after it."""
        strategy = await self.book.get(strategy_id)
        self.book.in_state(strategy, "ACTIVE", doing="adjusted")
        market = self._market(strategy.account)
        if added:
            _, items = self._builder.instruments(market, added, "legs_added")
            more = tuple(
                LegSent(
                    instrument=item,
                    product=_product(strategy, item),
                    signed=leg.lots * item.lot * (1 if leg.side == "BUY" else -1),
                    price=leg.price,
                )
                for leg, item in zip(added, items, strict=True)
            )
            if any(item.underlying != strategy.underlying for item in items):
                raise Invalid("The added legs are on another underlying.", code="options.mixed", field="legs_added")
            change = msgspec.structs.replace(change, added=more)
        sent = changes_of(strategy, market, change)
        sent.sort(key=lambda leg: leg.signed < 0)
        held = [
            Leg.of(item, leg.quantity, abs(leg.entry or Decimal(0)))
            for leg in strategy.held
            if (item := market.instrument(leg.key)) is not None
        ]
        expiries = {leg.instrument.expiry for leg in sent} | {leg.expiry for leg in held}
        base = await self._builder.priced_at(strategy.market, strategy.underlying, {e for e in expiries if e})
        now = [base.with_figures(leg) for leg in held]
        new = [base.leg(leg.instrument, leg.signed, leg.price) for leg in sent]
        before = self._builder.built(base, now, costs=False)
        after = self._builder.built(base, [*now, *new], spots=before.spots, costs=False)
        orders = [
            LegOrder(instrument=leg.instrument, quantity=leg.signed, price=priced.price, product=leg.product)
            for leg, priced in zip(sent, new, strict=True)
        ]
        positions = self._desk.ledger.positions(strategy.account)
        margin = charges = None
        try:
            margin = margin_of(market, self._rulebook, orders, self._builder.margin_legs(base, positions))
            charges = int(charges_of(self._rulebook, self._plan, orders, market.day).total * 100)
        except SaudaError:
            pass  # told as null: the rest stands without it
        return Adjusted(
            orders=orders,
            closes=[
                any(leg.key == one.instrument.key and leg.quantity * one.quantity < 0 for leg in strategy.held)
                for one in orders
            ],
            before=before,
            after=after,
            margin=margin,
            charges_minor=charges,
            cost_minor=int(sum(o.price * o.quantity for o in orders if o.instrument.kind == "OPTION") * 100),
            requests=requests_of(market, self._rulebook, strategy, sent, kind),
        )

    async def adjust(
        self,
        strategy_id: str,
        change: Change,
        added: Sequence[LegWanted],
        kind: OrderKind,
        *,
        on_failure: Literal["stop", "unwind"],
        actor: str,
        correlation: str,
    ) -> tuple[Strategy, Basket]:
        """Send an adjustment as a basket."""
        found = await self.adjusted(strategy_id, change, added, kind)
        strategy = await self.book.get(strategy_id)
        self._idle(strategy)
        basket = await send(
            self._orders,
            strategy,
            found.requests,
            f"{strategy.name} {change.kind}",
            on_failure=on_failure,
            actor=actor,
            correlation=correlation,
        )
        note = Adjustment(
            at=self._market(strategy.account).now(),
            kind=change.kind,
            basket=basket.id,
            realised_minor=strategy.realised_minor,
        )
        return self._with_basket(strategy_id, basket, "adjusting", actor, correlation, note), basket

    # ----------------------------------------------------------- performance

    async def series(self, strategy_id: str) -> Series:
        """Minutes of its profit, newest 1,500."""
        strategy = await self.book.get(strategy_id)
        end = to_ns(self._desk.clock.now()) + 86_400_000_000_000
        market = self._markets.get(strategy.market)
        if market is not None:
            end = to_ns(market.now()) + 1
        found: dict[str, dict[int, float]] = {}
        for what in ("profit", "value", "spot"):
            bars = await self._store.bars(strategy.market, series_key(strategy.id, what), "1m", 0, end, _MOST_MINUTES)
            found[what] = dict(zip((bars.start_ns // 1_000_000).tolist(), bars.close.tolist(), strict=True))
        times = sorted(found["profit"])
        return Series(
            t=times,
            profit=[found["profit"][t] for t in times],
            value=[found["value"].get(t) for t in times],
            spot=[found["spot"].get(t) for t in times],
        )

    async def course(self, strategy_id: str) -> Course:
        """Best, worst and drawdown of its profit."""
        return course_of((await self.series(strategy_id)).profit)

    async def record(self, account: str) -> Record:
        """Finished strategies of an account."""
        self._desk.account(account)
        return record_of(await self.book.page(account, _FINISHED, _MOST_FINISHED, None))

    # ---------------------------------------------------------------- inside

    def _market(self, account: str) -> Market:
        """The market of an account; raises NotFound, Unavailable while it does not run."""
        self._desk.market(account)
        return self._markets[self._desk.account(account).market]

    def _idle(self, strategy: Strategy) -> None:
        if strategy.guard == "FIRED" or not unsent(self._orders, strategy):
            raise Conflict(
                f"Orders of {strategy.name} are on their way.",
                code="strategy.state",
                field="state",
                remedy="Wait until they are done, or cancel them; then ask again.",
            )

    def _with_basket(
        self,
        strategy_id: str,
        basket: Basket,
        event: str,
        actor: str,
        correlation: str,
        adjustment: Adjustment | None = None,
    ) -> Strategy:
        """Note the basket on the strategy as it now stands."""
        now = self.book.find(strategy_id)
        assert now is not None  # it holds units or is being sent
        changes: dict[str, Any] = {"baskets": (*now.baskets, basket.id)}
        if adjustment is not None:
            changes["adjustments"] = (*now.adjustments, adjustment)
        self.book.keep(now, event, actor, correlation, **changes)
        return self.book.find(strategy_id) or now


def _product(strategy: Strategy, item: Instrument) -> Product:
    """Of an order in a leg: what it is held as, else what the strategy trades in."""
    for leg in strategy.held:
        if leg.key == item.key:
            return leg.product
    return "CNC" if item.kind == "EQUITY" and strategy.product == "NRML" else strategy.product
