"""Comparing our books with the broker's: on every connect, and by a slow poll while all looks healthy (law 7).

Orders, executions, positions, funds. What the broker knows and we do not is applied or shown as EXTERNAL; what cannot
be explained is said aloud, once, until it changes. Nothing here closes an order without proof.
"""

from collections import Counter
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from server.core.errors import SaudaError, Unavailable
from server.domain.instruments import plain_quantity
from server.domain.orders import LIVE_STATES, TERMINAL_STATES, Fill, Order
from server.orders import machine
from server.orders.book import Working
from server.orders.desk import SYSTEM, Desk, Done
from server.orders.inflight import Inflight
from server.orders.ports import BrokerFunds, BrokerPosition, Execution, OrderReport
from server.orders.updates import Updates

__all__ = ("Reconciled", "Reconciler")

_GONE = "The broker no longer has this order."
_EARLY, _LATE = timedelta(seconds=5), timedelta(seconds=60)


class Reconciled(msgspec.Struct, kw_only=True):
    """What one comparison found."""

    account: str
    orders: int = 0
    """Orders the broker has."""
    fills: int = 0
    """Executions we had missed."""
    external: int = 0
    """Orders that were not ours."""
    differences: list[str] = []
    """Sentences about what could not be explained."""


class Reconciler:
    """Compares one account at a time."""

    def __init__(self, desk: Desk, updates: Updates, inflight: Inflight) -> None:
        self._desk = desk
        self._updates = updates
        self._inflight = inflight
        self._said: dict[str, set[str]] = {}
        self._settled: dict[str, set[tuple[object, ...]]] = {}
        """Reports of finished orders that agreed with the books at the last look: they are not looked up again, on disk
        perhaps, every half minute."""

    async def reconcile(self, account: str, *, joining: bool = False) -> Reconciled:
        """Compare and repair; raises what the broker raises when it cannot be read (try again later). `joining`: the
        first look of a connection, when what was carried in from earlier days is taken over."""
        desk = self._desk
        desk.ensure_writable()
        execution = desk.execution(account)
        self._mark_lost(account)
        found = Reconciled(account=account)
        before = {w.order.id for w in desk.book.live(account)}
        reports = await execution.orders()
        found.orders = len(reports)
        self._one_id_twice(reports, found)
        self._match_by_look(account, execution, reports)
        anew = joining or desk.resuming
        before_this = set() if anew else self._settled.get(account, set())
        settled: set[tuple[object, ...]] = set()
        for report in reports:
            tells = _tells(report)
            if tells in before_this or (not anew and self._agrees(account, report)):
                settled.add(tells)
                continue
            known = await self._updates.knows(account, report)
            done = await self._one(self._updates.report(account, report), found)
            found.external += not known and done is not None
            if self._agrees(account, report):
                settled.add(tells)
        self._settled[account] = settled
        for fill in await execution.trades():
            if desk.ledger.seen(account, fill.execution):
                continue
            if await self._one(self._updates.fill(account, fill), found) is not None:
                found.fills += 1
        await self._missing(account, execution, reports, before)
        version = desk.book.version
        positions, funds = await execution.positions(), await execution.funds()
        if joining and desk.book.version == version and desk.account(account).mode == "LIVE":
            await self._take_over(account, positions)
            version = desk.book.version
        if desk.book.version == version:  # nothing happened while the broker was asked
            self._positions(account, positions, found)
            self._funds(account, funds, found)
            self._say(account, found.differences)
        return found

    async def _one(self, work: Coroutine[Any, Any, Done | None], found: Reconciled) -> Done | None:
        """Apply one report or fill; one that cannot be applied must not keep the others back."""
        try:
            return await work
        except Unavailable:
            raise
        except SaudaError as error:
            found.differences.append(f"Something the broker tells could not be applied: {error.detail}")
            return None

    def _agrees(self, account: str, report: OrderReport) -> bool:
        """Whether both sides say that the order has ended, and how: only a fill can change that."""
        book = self._desk.book
        working = book.get(report.client_id) or book.by_broker(account, report.broker_id)
        if report.state not in TERMINAL_STATES:
            return False
        if working is None:
            return book.ended(account, report.broker_id) == (report.state, report.filled)
        order = working.order
        return (order.state, order.filled, order.broker_id) == (report.state, report.filled, report.broker_id)

    def _mark_lost(self, account: str) -> None:
        """An order sent by an earlier run, without an answer on disk, is UNKNOWN: start-up is recovery."""
        for working in self._desk.book.live(account):
            if working.order.state == "SUBMITTING" and working.sending is None:
                reason = "Sauda stopped before the broker's answer came. It is being looked up; do not send it again."
                self._desk.step(working, machine.Lose(reason), "unknown", SYSTEM)

    def _one_id_twice(self, reports: Sequence[OrderReport], found: Reconciled) -> None:
        count = Counter(r.client_id for r in reports if r.client_id)
        found.differences += [
            f"The broker has {n} orders under our id {order_id}. Check them there."
            for order_id, n in count.items()
            if n > 1
        ]

    def _match_by_look(self, account: str, execution: Execution, reports: Sequence[OrderReport]) -> None:
        """Where a broker cannot be asked by our id: one UNKNOWN order and one foreign report that agree in time,
        instrument, side, quantity, type and price are the same order. Anything less clear stays in doubt (law 2)."""
        if execution.can_look_up:
            return
        desk = self._desk
        lost = [w for w in desk.book.live(account) if w.order.state == "UNKNOWN" and not w.order.broker_id]
        free = [r for r in reports if not r.client_id and desk.book.by_broker(account, r.broker_id) is None]
        for working in lost:
            like = [r for r in free if _same(working.order, r)]
            rivals = [w for w in lost if like and _same(w.order, like[0])]
            if len(like) == 1 and len(rivals) == 1:
                desk.step(working, machine.Accept(like[0].broker_id), "resolved", f"broker:{working.order.broker}")

    async def _missing(
        self, account: str, execution: Execution, reports: Sequence[OrderReport], before: set[str]
    ) -> None:
        """Our live orders that the broker's list does not show."""
        desk = self._desk
        shown = {r.client_id for r in reports} | {r.broker_id for r in reports}
        for working in desk.book.live(account):
            order = working.order
            if order.id not in before or {order.id, order.broker_id or order.id} & shown or working.sending is not None:
                continue
            if order.state == "UNKNOWN":
                await self._inflight.look(order.id)
                continue
            if await execution.find(order.id) is None and execution.can_look_up:
                await self._gone(working, order)

    async def _gone(self, working: Working, seen: Order) -> None:
        """The broker had accepted it and proves that it has it no more. Its fills, if any, have been read before."""
        desk = self._desk
        if working.order != seen or working.order.state not in LIVE_STATES:
            return  # it has moved while the broker was asked
        yesterday = seen.created_market.date() < desk.market(seen.account).now().date()
        step: machine.Step = machine.Expire(_GONE) if yesterday else machine.Cancel(_GONE)
        desk.step(working, step, "expired" if yesterday else "cancelled", f"broker:{seen.broker}")
        if not yesterday:
            desk.notice(
                "warn", f"Order {seen.id} in {seen.key} is no longer at the broker; shown as cancelled.", seen.id
            )

    def _positions(self, account: str, theirs: Sequence[BrokerPosition], found: Reconciled) -> None:
        units = {key: self._unit(account, key) for key in {p.key for p in theirs}}
        ours: Counter[tuple[str, str]] = Counter()
        for position in self._desk.ledger.positions(account):
            ours[position.key, position.product] += position.of_unit(units.get(position.key, position.unit)).quantity
            units.setdefault(position.key, position.unit)
        broker: Counter[tuple[str, str]] = Counter()
        for there in theirs:
            broker[there.key, there.product] += there.quantity
        found.differences += [
            f"Position in {key} ({product}): {plain_quantity(ours[key, product], units[key])} here, "
            f"{plain_quantity(broker[key, product], units[key])} at the broker."
            for key, product in sorted(set(ours) | set(broker))
            if ours[key, product] != broker[key, product]
        ]

    def _unit(self, account: str, key: str) -> Decimal:
        instrument = self._desk.market(account).instrument(key)
        return instrument.unit if instrument is not None else Decimal(1)

    async def _take_over(self, account: str, theirs: Sequence[BrokerPosition]) -> None:
        """Positions of a live account that its orders and trades of today do not explain were carried in, or made
        elsewhere on an earlier day: they enter the books at the broker's average, as EXTERNAL, and are said aloud."""
        desk = self._desk
        market, now = desk.market(account), desk.clock.now()
        for there in theirs:
            ours = sum(
                p.of_unit(self._unit(account, there.key)).quantity
                for p in desk.ledger.positions(account)
                if (p.key, p.product) == (there.key, there.product)
            )
            change = there.quantity - ours
            quote = market.quote(there.key)
            price = there.average or (quote.ltp if quote is not None else None)
            if change == 0 or price is None or market.instrument(there.key) is None:
                continue
            fill = Fill(
                execution=f"carried:{market.now():%Y%m%d}:{there.key}:{there.product}:{there.quantity}",
                account=account,
                order="",
                key=there.key,
                side="BUY" if change > 0 else "SELL",
                quantity=abs(change),
                price=price,
                at=now,
                at_market=market.now(),
                liquidity="settlement",
            )
            if await self._updates.carried(account, fill, there.product) is not None:
                held = plain_quantity(there.quantity, self._unit(account, there.key))
                desk.notice(
                    "info",
                    f"Taken over from the broker: {held} {there.key} ({there.product}), held before.",
                    account,
                )

    def _funds(self, account: str, theirs: BrokerFunds, found: Reconciled) -> None:
        """Money is the broker's to count for a live account; on paper our ledger is the only count there is."""
        if self._desk.account(account).mode != "LIVE":
            return
        self._desk.state_free(account, theirs.available_minor)

    def _say(self, account: str, differences: Sequence[str]) -> None:
        said = self._said.get(account, set())
        for text in differences:
            if text not in said:
                self._desk.notice("warn", text, account)
        self._said[account] = set(differences)


def _tells(report: OrderReport) -> tuple[object, ...]:
    """What of a finished order's report could be news."""
    return report.broker_id, report.client_id, report.state, report.quantity, report.filled, report.reason


def _same(order: Order, report: OrderReport) -> bool:
    return (order.key, order.side, order.quantity, order.type, order.product, order.price, order.trigger) == (
        report.key,
        report.side,
        report.quantity,
        report.type,
        report.product,
        report.price,
        report.trigger,
    ) and order.created_market - _EARLY <= report.at_market <= order.created_market + _LATE
