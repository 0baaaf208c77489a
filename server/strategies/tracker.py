"""Keeps strategies true to the account: reads trades, finds groups, judges stops, measures and records their course.

One supervised part. A look comes each second and soon after a fill, one for all fills of that moment; a look that fails
for one account (its market does not run, the journal is broken) is tried again at the next.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import structlog

from server.analytics.chains import Chains
from server.analytics.contracts import ChainId
from server.core.bus import Bus
from server.core.clock import Clock, to_ns
from server.core.errors import SaudaError
from server.domain.events import FillSeen
from server.domain.orders import Product
from server.market.market import Market
from server.market.ports import BarColumns, TickStore
from server.options.legs import Book, Leg
from server.options.payoff import outcome
from server.options.recognise import recognise
from server.orders.desk import SYSTEM, Desk
from server.orders.service import OrderService
from server.rulebook import Rulebook
from server.strategies.attribution import Attribution
from server.strategies.book import StrategyBook
from server.strategies.builder import Builder
from server.strategies.costs import margin_of
from server.strategies.grouping import Grouping
from server.strategies.guard import Guard
from server.strategies.live import live_of
from server.strategies.sending import unsent
from server.strategies.strategy import Strategy, filled

__all__ = ("Tracker", "series_key")

_EVERY = 1.0
_GATHER = 0.2
"""Seconds between a fill and the look it asks for: a look reads trades from disk, and a stream of orders must not pay
for one each."""
_CALM = 2.0
"""Seconds without a fill before positions are grouped: a basket is then through."""
_AMISS = 3
"""Looks in a row at which claims exceed positions before they are cut to them."""
_MINUTE = 60_000_000_000
_log = structlog.get_logger("strategies")


class Tracker:
    """See the module's text."""

    def __init__(
        self,
        *,
        desk: Desk,
        orders: OrderService,
        book: StrategyBook,
        attribution: Attribution,
        grouping: Grouping,
        guard: Guard,
        builder: Builder,
        chains: Chains,
        markets: Mapping[str, Market],
        rulebook: Rulebook,
        store: TickStore,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._orders = orders
        self._book = book
        self._attribution = attribution
        self._grouping = grouping
        self._guard = guard
        self._builder = builder
        self._chains = chains
        self._markets = markets
        self._rulebook = rulebook
        self._store = store
        self._clock = clock
        self._filled: dict[str, float] = {}
        self._grouped: dict[str, object] = {}
        self._measured: dict[str, object] = {}
        self._minutes: dict[str, int] = {}
        self._amiss: dict[tuple[str, str, str], int] = {}
        self._wake = asyncio.Event()
        self._known: set[str] = set()
        self._lost = False
        self._unread: set[str] = set()
        """Accounts with trades on disk that were not looked at."""
        bus.subscribe(FillSeen, self._on_fill)

    def held(self) -> Iterable[tuple[str, ChainId]]:
        """Chains that open strategies have contracts of."""
        found: dict[tuple[str, ChainId], None] = {}
        for strategy in self._book.live():
            market = self._markets.get(strategy.market)
            for leg in strategy.held if market is not None else ():
                item = market.instrument(leg.key) if market is not None else None
                if item is not None and item.kind == "OPTION" and item.expiry is not None:
                    found[strategy.market, ChainId(item.name, item.expiry)] = None
        return found

    async def run(self, ready: Callable[[], None]) -> None:
        """Look each second until cancelled (a supervisor part)."""
        ready()
        while True:
            await self.look()
            sleeper = asyncio.ensure_future(self._clock.sleep(_EVERY))
            waker = asyncio.ensure_future(self._wake.wait())
            try:
                await asyncio.wait({sleeper, waker}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sleeper, waker):
                    task.cancel()
                await asyncio.gather(sleeper, waker, return_exceptions=True)
            if self._wake.is_set():
                await self._clock.sleep(_GATHER)
            self._wake.clear()

    async def look(self) -> None:
        """One look at every account whose market runs."""
        if self._desk.halted or self._desk.resuming:
            self._lost = True
            return
        if self._lost:
            # what was changed on top of a failed write is not on disk: begin with what is, as the order path does
            await self._book.load(list(self._desk.accounts))
            self._known.clear()
            self._measured.clear()
            self._lost = False
        for account in list(self._desk.accounts.values()):
            market = self._markets.get(account.market)
            if market is None or self._desk.halted:
                continue
            try:
                await self._account(account.id, market)
            except SaudaError as error:
                _log.info("look_failed", account=account.id, error=error.detail)

    # ---------------------------------------------------------------- inside

    def _on_fill(self, event: FillSeen) -> None:
        self._filled[event.fill.account] = self._clock.monotonic()
        self._unread.add(event.fill.account)
        self._wake.set()

    async def _account(self, account: str, market: Market) -> None:
        if account not in self._known:
            await self._attribution.begin(account)
            self._known.add(account)
            self._unread.add(account)
        if account in self._unread:
            self._unread.discard(account)
            try:
                await self._attribution.follow(account)
            except BaseException:
                self._unread.add(account)
                raise
        self._fit(account, market)
        self._group(account, market)
        for strategy in self._book.live(account):
            if strategy.market != market.id:
                continue
            if strategy.state == "PENDING":
                self._unsent(strategy)
                continue
            await self._measure(strategy, market)
            strategy = self._book.find(strategy.id) or strategy
            live = live_of(strategy, market, self._chains, self._rulebook)
            self._sample(strategy, market, live.open_minor, live.value_minor)
            await self._guard.judge(strategy, live)

    def _unsent(self, strategy: Strategy) -> None:
        """What was sent and ended without a fill is a draft again."""
        if strategy.account in self._desk.joined and not strategy.held and unsent(self._orders, strategy):
            self._book.keep(strategy, "unsent", SYSTEM, state="DRAFT", reason="Nothing of it was filled.")

    def _fit(self, account: str, market: Market) -> None:
        """Claims never exceed positions: what was traded past Sauda, or settled, comes off the newest strategy."""
        claims: dict[tuple[str, Product], int] = {}
        for strategy in self._book.live(account):
            for leg in strategy.held:
                place = (leg.key, leg.product)
                claims[place] = claims.get(place, 0) + leg.quantity
        wrong: dict[tuple[str, str, str], int] = {}
        for (key, product), units in claims.items():
            position = self._desk.ledger.position(account, key, product).quantity
            room = position if position * units > 0 else 0
            if abs(units) > abs(room):
                wrong[account, key, product] = units - room
        for old in [p for p in self._amiss if p[0] == account and p not in wrong]:
            del self._amiss[old]
        for amiss, excess in wrong.items():
            self._amiss[amiss] = self._amiss.get(amiss, 0) + 1
            if self._amiss[amiss] >= _AMISS:
                del self._amiss[amiss]
                self._cut(account, market, amiss[1], amiss[2], excess)

    def _cut(self, account: str, market: Market, key: str, product: str, excess: int) -> None:
        quote = market.quote(key)
        for strategy in reversed(self._book.live(account)):
            leg = next((leg for leg in strategy.held if (leg.key, leg.product) == (key, product)), None)
            if leg is None or not excess or leg.quantity * excess <= 0:
                continue
            part = min(abs(excess), abs(leg.quantity)) * (1 if excess > 0 else -1)
            excess -= part
            price = quote.ltp if quote is not None else leg.entry
            if price is None:
                continue
            item = market.instrument(key)
            over = item is not None and item.expiry is not None and item.expiry <= market.day
            changed = filled(
                strategy, key=key, product=leg.product, signed=-part, price=abs(price), at=market.now(), settled=over
            )
            reason = f"The position in {key} is smaller than this strategy: it was changed outside."
            self._book.keep(changed, "fitted", SYSTEM, reason=reason)

    def _group(self, account: str, market: Market) -> None:
        """Find strategies among loose units, when nothing is on its way and the account has been calm."""
        if self._clock.monotonic() - self._filled.get(account, -_CALM) < _CALM or self._orders.baskets.running(account):
            return
        loose = tuple((one.key, one.product, one.quantity) for one, _, _ in self._grouping.loose(account, market))
        if loose == self._grouped.get(account):
            return
        self._grouped[account] = loose
        if loose:
            self._grouping.find(account, market)

    async def _measure(self, strategy: Strategy, market: Market) -> None:
        """Name, premium, best and worst case and margin, whenever its legs have changed."""
        shape = tuple((leg.key, leg.quantity) for leg in strategy.held)
        if not shape or self._measured.get(strategy.id) == shape or not unsent(self._orders, strategy):
            return
        if strategy.margin_minor and strategy.id not in self._measured and strategy.entry_spot is not None:
            self._measured[strategy.id] = shape  # measured before a restart
            return
        legs = [
            Leg.of(item, leg.quantity, abs(leg.entry or Decimal(0)))
            for leg in strategy.held
            if (item := market.instrument(leg.key)) is not None
        ]
        self._measured[strategy.id] = shape
        known = recognise(legs, market.last(strategy.underlying))
        changes: dict[str, Any] = {
            "template": known.key or "",
            "view": known.view or "",
            "premium_minor": sum(leg.cost_minor for leg in strategy.held if _option(market, leg.key)),
            "entry_spot": strategy.entry_spot or _known(market.last(strategy.underlying)),
            "expiry": min((leg.expiry for leg in legs if leg.expiry is not None), default=None),
        }
        try:
            changes["margin_minor"] = margin_of(
                market, self._rulebook, self._builder.order_legs(market, legs, strategy.product)
            ).final_minor
            base = await self._builder.priced_for(strategy.market, legs)
            found = outcome(Book.of([base.with_figures(leg) for leg in legs], base.setting))
            changes |= {
                "max_profit": found.max_profit,
                "max_loss": found.max_loss,
                "profit_unbounded": found.profit_unbounded,
                "loss_unbounded": found.loss_unbounded,
            }
        except SaudaError as error:
            _log.info("not_measured", strategy=strategy.id, error=error.detail)
        now = self._book.find(strategy.id)
        if now is not None and tuple((leg.key, leg.quantity) for leg in now.held) == shape:
            self._book.keep(now, "measured", SYSTEM, **changes)

    def _sample(self, strategy: Strategy, market: Market, open_minor: int | None, value_minor: int | None) -> None:
        """Profit and value at the end of each market minute, into the tick store."""
        minute = to_ns(market.now()) // _MINUTE * _MINUTE
        if open_minor is None or value_minor is None or self._minutes.get(strategy.id) == minute:
            return
        if market.phase().name == "closed":
            return
        self._minutes[strategy.id] = minute
        whole = np.zeros(1, dtype=np.int64)
        start = np.array([minute], dtype=np.int64)
        spot = market.last(strategy.underlying)
        for what, value in (
            ("profit", (strategy.realised_minor + open_minor) / 100),
            ("value", value_minor / 100),
            ("spot", spot),
        ):
            if np.isfinite(value):
                one = np.array([value])
                bars = BarColumns(start, one, one, one, one, whole, whole)
                self._store.put_bars(market.id, "1m", [series_key(strategy.id, what)], bars)


def series_key(strategy_id: str, what: str) -> str:
    """Key of a strategy's course in the tick store."""
    return f"STRATEGY:{strategy_id}:{what}"


def _option(market: Market, key: str) -> bool:
    item = market.instrument(key)
    return item is not None and item.kind == "OPTION"


def _known(value: float) -> float | None:
    return value if value > 0 else None
