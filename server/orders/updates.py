"""What brokers push: reports and fills, applied so that twice, late or out of order changes nothing (law 5)."""

from datetime import datetime
from decimal import Decimal

import msgspec

from server.core.errors import NotFound
from server.domain.instruments import Instrument
from server.domain.orders import (
    LIVE_STATES,
    TERMINAL_STATES,
    Fill,
    Order,
    OrderState,
    OrderType,
    Product,
    Side,
    recounted,
)
from server.orders import machine
from server.orders.book import Working
from server.orders.desk import Desk, Done
from server.orders.ports import OrderReport, Update

__all__ = ("Updates",)


class Updates:
    """Applies the broker's word to the book."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def apply(self, account: str, update: Update) -> Done | None:
        """Apply one update; None when it changed nothing. While the journal is broken nothing is applied: the
        reconciliation that follows brings it back."""
        if self._desk.halted:
            return None
        if isinstance(update, Fill):
            return await self.fill(account, update)
        return await self.report(account, update)

    async def report(self, account: str, report: OrderReport) -> Done | None:
        """The broker's view of one order. Terms, trigger and end are taken from it; fills come as fills only."""
        working = await self._find(account, report.client_id, report.broker_id)
        if working is None:
            return self._external(account, report)
        report = self._counted(working.order, report)
        actor = f"broker:{working.order.broker}"
        newest = working.reported is None or report.at_market >= working.reported
        if newest:
            working.reported = report.at_market
        done: Done | None = None
        for step, event in _steps(working.order, working.changed, report, newest):
            was_unknown = working.order.state == "UNKNOWN"
            try:
                done = self._desk.step(working, step, "resolved" if was_unknown else event, actor)
            except machine.Illegal:
                continue  # old news about an order that has moved on
        if working.changed is not None and newest and not working.modifying:
            working.changed = None  # a change whose answer was lost: the report tells how it ended
            self._desk.book.recount(working)
        if working.order.state == "REJECTED" and report.state in LIVE_STATES:
            self._desk.notice(
                "bad",
                f"The broker shows order {working.order.id} as working, though it had been reported as rejected. "
                "Cancel it at the broker.",
                working.order.id,
            )
        return done

    def _counted(self, order: Order, report: OrderReport) -> OrderReport:
        """The report in the units the order was made in: the exchange's step may have changed since."""
        instrument = self._desk.market(order.account).instrument(order.key)
        if instrument is None or instrument.unit == order.unit:
            return report
        return msgspec.structs.replace(
            report,
            quantity=recounted(report.quantity, instrument.unit, order.unit),
            filled=recounted(report.filled, instrument.unit, order.unit),
        )

    async def knows(self, account: str, report: OrderReport) -> bool:
        """Whether the report is about an order of ours, or one already shown as EXTERNAL."""
        return await self._find(account, report.client_id, report.broker_id) is not None

    async def fill(self, account: str, fill: Fill) -> Done | None:
        """One execution, of ours or not."""
        desk = self._desk
        if desk.ledger.seen(account, fill.execution):
            return None
        working = await self._find(account, fill.order, fill.order) if fill.order else None
        if desk.ledger.seen(account, fill.execution):  # it may have come by another way while the disk was asked
            return None
        if fill.quantity <= 0 or fill.price < 0:
            desk.notice("bad", f"Fill {fill.execution} in {fill.key} makes no sense: {fill.quantity} at {fill.price}.")
            return None
        instrument = desk.market(account).instrument(fill.key)
        if instrument is None:
            desk.notice("bad", f"A fill in {fill.key} came, which this market does not have. It is not applied.")
            return None
        if working is None:
            working = self._stranger(account, fill, instrument)
        order = working.order
        if (order.key, order.side) != (fill.key, fill.side):
            desk.notice("bad", f"Fill {fill.execution} does not fit order {order.id}: it is not applied.", order.id)
            return None
        actor = f"broker:{order.broker}"
        self._assume_larger(working, fill)
        if order.state == "UNKNOWN":  # a fill proves that it arrived
            desk.step(working, machine.Accept(""), "resolved", actor)
        return desk.fill(working, fill, instrument, actor)

    async def carried(self, account: str, fill: Fill, product: Product) -> Done | None:
        """A position that a live account held before Sauda knew it, as an execution of an EXTERNAL order."""
        desk = self._desk
        instrument = desk.market(account).instrument(fill.key)
        if instrument is None or desk.ledger.seen(account, fill.execution):
            return None
        order = self._foreign(
            account,
            key=fill.key,
            side=fill.side,
            quantity=fill.quantity,
            product=product,
            state="OPEN",
            broker_id="",
            at_market=fill.at_market,
        )
        desk.adopt(order, None)
        return desk.fill(desk.working(order.id), fill, instrument, f"broker:{order.broker}")

    def _assume_larger(self, working: Working, fill: Fill) -> None:
        """While a change to a larger quantity is in doubt, a fill of the smaller one must not end the order: it may
        work on at the broker. It is taken as changed until the broker's word says otherwise."""
        order, changed = working.order, working.changed
        if changed is None or changed.quantity <= order.quantity or order.filled + fill.quantity < order.quantity:
            return
        if order.state in ("OPEN", "PARTIAL"):
            step = machine.Modify(changed.quantity, order.price, order.trigger, order.type)
            self._desk.step(working, step, "modified", f"broker:{order.broker}")

    async def _find(self, account: str, order_id: str, broker_id: str) -> Working | None:
        """The order by our id or the broker's, in memory or on disk."""
        book = self._desk.book
        working = book.get(order_id) if order_id else None
        if working is None and broker_id:
            working = book.by_broker(account, broker_id)
        if working is not None:
            return working if working.order.account == account else None
        order = await self._on_disk(account, order_id, broker_id)
        if order is None:
            return None
        fills = await self._desk.shelf.fills.of_order(order.id)
        value = sum((t.fill.price * t.fill.quantity for t in fills), Decimal(0))
        return book.get(order.id) or book.add(order, value=value)

    async def _on_disk(self, account: str, order_id: str, broker_id: str) -> Order | None:
        if order_id:
            try:
                order = await self._desk.shelf.orders.get(order_id)
            except NotFound:
                pass
            else:
                return order if order.account == account else None
        return await self._desk.shelf.orders.by_broker_id(account, broker_id) if broker_id else None

    # what was not ours

    def _external(self, account: str, report: OrderReport) -> Done | None:
        """Show an order that Sauda did not send; never adopt it silently (law 7)."""
        desk = self._desk
        if desk.market(account).instrument(report.key) is None:
            desk.notice("warn", f"The broker has an order in {report.key}, which this market does not have.")
            return None
        state: OrderState = report.state if report.state in TERMINAL_STATES else "OPEN"
        order = self._foreign(
            account,
            key=report.key,
            side="BUY" if report.side == "BUY" else "SELL",
            quantity=report.quantity,
            product=report.product,
            state=state,
            broker_id=report.broker_id,
            at_market=report.at_market,
            reason=report.reason,
            kind=report.type if report.type in ("MARKET", "LIMIT", "SL", "SL-M") else "LIMIT",  # type: ignore[arg-type]
            price=report.price,
            trigger=report.trigger,
            origin=report.origin,
        )
        if report.origin == "external":
            desk.notice("warn", f"The broker has an order in {report.key} that Sauda did not send. Shown as EXTERNAL.")
        return desk.adopt(order, report.at_market)

    def _stranger(self, account: str, fill: Fill, instrument: Instrument) -> Working:
        """An order for a fill that names none: an expiry settlement, or a trade made elsewhere."""
        desk = self._desk
        settled = fill.liquidity == "settlement"
        order = self._foreign(
            account,
            key=fill.key,
            side=fill.side,
            quantity=fill.quantity,
            product=self._product(account, fill, instrument),
            state="OPEN",
            broker_id="" if settled else fill.order,
            at_market=fill.at_market,
            origin="settlement" if settled else "external",
        )
        if not settled:
            desk.notice("warn", f"A trade in {fill.key} came that Sauda did not send. Shown as EXTERNAL.", order.id)
        desk.adopt(order, None)
        return desk.working(order.id)

    def _product(self, account: str, fill: Fill, instrument: Instrument) -> Product:
        """A fill does not say whose position it closes: one it fits exactly, else one it makes smaller."""
        held = [p for p in self._desk.ledger.positions(account) if p.key == fill.key and p.quantity]
        closed = [p for p in held if p.quantity * fill.signed < 0 and abs(p.quantity) >= fill.quantity]
        exact = [p for p in closed if abs(p.quantity) == fill.quantity]
        found = exact or closed
        return found[0].product if found else ("NRML" if instrument.derivative else "CNC")

    def _foreign(
        self,
        account: str,
        *,
        key: str,
        side: Side,
        quantity: int,
        product: Product,
        state: OrderState,
        broker_id: str,
        at_market: datetime,
        reason: str = "",
        kind: OrderType = "MARKET",
        price: Decimal | None = None,
        trigger: Decimal | None = None,
        origin: str = "external",
    ) -> Order:
        desk = self._desk
        owner, now = desk.account(account), desk.clock.now()
        instrument = desk.market(account).instrument(key)
        return Order(
            id=desk.ids.next(),
            account=account,
            market=owner.market,
            broker=owner.broker,
            mode=owner.mode,
            key=key,
            side=side,
            quantity=quantity,
            type=kind,
            product=product,
            price=price,
            trigger=trigger,
            validity="DAY",
            disclosed=0,
            after_market=False,
            protection=None,
            tag="",
            request_id="",
            parent="",
            origin=origin,
            state=state,
            broker_id=broker_id,
            reason=reason,
            created=now,
            created_market=at_market,
            updated=now,
            unit=instrument.unit if instrument is not None else Decimal(1),
        )


def _steps(order: Order, changed: Order | None, report: OrderReport, newest: bool) -> list[tuple[machine.Step, str]]:
    """The steps that lead from our view of the order to the broker's; empty when they agree."""
    steps: list[tuple[machine.Step, str]] = []
    working = order.state in LIVE_STATES
    in_doubt = order.state in ("SUBMITTING", "UNKNOWN")
    if report.state == "REJECTED" and working:
        return [(machine.Reject(report.reason or "The broker gave no reason."), "rejected")]
    alive = report.state in ("OPEN", "PARTIAL", "FILLED")
    learnt = report.broker_id and not order.broker_id and order.state not in ("REJECTED", "DENIED")
    if (in_doubt and alive) or learnt or (newest and _renumbered(order, report)):
        steps.append((machine.Accept(report.broker_id), "accepted"))
    if not working:
        return steps
    if newest and alive and not in_doubt and (modify := _modify(order, changed, report)) is not None:
        steps.append((modify, "modified"))
    if report.triggered and not order.triggered:
        steps.append((machine.Trigger(), "triggered"))
    if report.state == "CANCELLED":
        steps.append((machine.Cancel(report.reason), "cancelled"))
    elif report.state == "EXPIRED":
        steps.append((machine.Expire(report.reason), "expired"))
    return steps


def _renumbered(order: Order, report: OrderReport) -> bool:
    """Whether the order works on under another number: some brokers make a new order of a changed one."""
    at_work = order.state in ("OPEN", "PARTIAL") and report.state in ("OPEN", "PARTIAL")
    return at_work and report.client_id == order.id and report.broker_id not in ("", order.broker_id)


def _modify(order: Order, changed: Order | None, report: OrderReport) -> machine.Modify | None:
    """New terms, where the broker's differ. A market order may be shown there as a protected limit, a triggered stop
    as a plain limit: prices count only for types that have them, and a new type only when we asked for it."""
    kind = changed.type if changed is not None and report.type == changed.type else order.type
    price = report.price if kind in ("LIMIT", "SL") else None
    trigger = order.trigger
    if kind not in ("SL", "SL-M"):
        trigger = None
    elif not order.triggered and report.trigger is not None:
        trigger = report.trigger
    if (report.quantity, price, trigger, kind) == (order.quantity, order.price, order.trigger, order.type):
        return None
    return machine.Modify(report.quantity, price, trigger, kind)
