"""Which strategy a trade belongs to. Trades are read from disk in the order they were recorded, each exactly once:
start-up, a restart after a crash and every new fill are one code path.

A trade whose order carries a strategy's id as tag is that strategy's. Any other trade first closes units that
strategies claim, the oldest strategy first; what is left of it and came from a basket opens or grows the strategy of
that basket; the rest stays with the account, for `grouping` to look at.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from server.core.errors import NotFound, Unavailable
from server.domain.instruments import Instrument
from server.domain.orders import Order
from server.market.market import Market
from server.orders.desk import Desk
from server.strategies.book import StrategyBook
from server.strategies.ports import OrderRows, TradeRow, TradeRows
from server.strategies.strategy import Strategy, filled

__all__ = ("Attribution",)

_CHUNK = 500


class Attribution:
    """See the module's text. `basket_name` gives the name of a basket by id, empty when it is not known."""

    def __init__(
        self,
        desk: Desk,
        book: StrategyBook,
        trades: TradeRows,
        orders: OrderRows,
        markets: Mapping[str, Market],
        basket_name: Callable[[str], Awaitable[str]],
    ) -> None:
        self._desk = desk
        self._book = book
        self._trades = trades
        self._orders = orders
        self._markets = markets
        self._basket_name = basket_name

    async def begin(self, account: str) -> None:
        """Where to begin for an account that never had a strategy: with the next trade."""
        if account not in self._book.seen:
            newest = await self._trades.page(account, limit=1)
            self._book.seen[account] = newest[0].entry if newest else 0

    async def follow(self, account: str) -> int:
        """Take in all trades not yet looked at; returns how many."""
        count = 0
        while True:
            rows = await self._trades.after(account, self._book.seen.get(account, 0), _CHUNK)
            for row in rows:
                await self._take(account, row)
            count += len(rows)
            if len(rows) < _CHUNK:
                return count

    async def _take(self, account: str, row: TradeRow) -> None:
        order = await self._order(row.fill.order)
        market = self._markets.get(self._desk.accounts[account].market)
        if market is None:
            raise Unavailable("The market does not run.", code="market.absent")
        self._book.seen[account] = row.entry
        left = row.fill.signed
        charges = int(row.charges.total * 100)
        settled = row.fill.liquidity == "settlement"

        def apply(strategy: Strategy, signed: int) -> Strategy:
            share = charges * abs(signed) // max(1, row.fill.quantity)
            changed = filled(
                strategy,
                key=row.fill.key,
                product=row.product,
                signed=signed,
                price=row.fill.price,
                at=row.fill.at_market,
                execution=row.fill.execution,
                charges_minor=share,
                settled=settled,
            )
            self._keep(strategy, changed, order)
            return changed

        tagged = self._book.find(order.tag) if order is not None and order.tag else None
        if tagged is not None and tagged.account == account and tagged.state != "DRAFT":
            apply(tagged, left)
            return
        for strategy in self._book.live(account):
            leg = strategy.leg(row.fill.key, row.product)
            if left and leg is not None and leg.quantity * left < 0:
                part = min(abs(left), abs(leg.quantity)) * (1 if left > 0 else -1)
                apply(strategy, part)
                left -= part
        item = market.instrument(row.fill.key)
        if left and order is not None and item is not None and item.derivative and order.origin == "basket":
            apply(await self._of_basket(account, order, item, market), left)
        self._book.left_alone.pop((account, row.fill.key, row.product), None)

    async def _of_basket(self, account: str, order: Order, item: Instrument, market: Market) -> Strategy:
        for strategy in self._book.live(account):
            if order.parent in strategy.baskets and strategy.underlying == item.underlying:
                return strategy
        now = self._desk.clock.now()
        return Strategy(
            id=self._desk.ids.next(),
            account=account,
            market=market.id,
            name=await self._basket_name(order.parent) or item.name,
            underlying=item.underlying,
            state="PENDING",
            origin="basket",
            product=order.product,
            baskets=(order.parent,),
            created=now,
            updated=now,
        )

    def _keep(self, before: Strategy, changed: Strategy, order: Order | None) -> None:
        event = "traded"
        if before.state == "PENDING" and changed.state == "ACTIVE":
            event = "opened"
        elif changed.state in ("CLOSED", "EXPIRED"):
            event = changed.state.lower()
        extra: dict[str, Any] = {}
        if changed.state in ("CLOSED", "EXPIRED") and changed.guard in ("ARMED", "FIRED"):
            extra["guard"] = "DONE" if changed.guard == "FIRED" else "OFF"
        self._book.keep(changed, event, correlation=order.parent if order is not None else "", **extra)

    async def _order(self, order_id: str) -> Order | None:
        working = self._desk.book.get(order_id)
        if working is not None:
            return working.order
        try:
            return await self._orders.get(order_id)
        except NotFound:
            return None
