"""Changing a working order: same checks as a new one, sent once, taken over when the broker has taken it."""

import asyncio

import msgspec

from server.core.errors import Conflict, Denied, Invalid, Unavailable, Unknown
from server.domain.instruments import plain_quantity
from server.domain.orders import TERMINAL_STATES, Order, OrderRequest
from server.orders import machine
from server.orders.assess import Assessor
from server.orders.book import Working
from server.orders.desk import Desk
from server.orders.inflight import Inflight
from server.orders.ports import Change, NotAccepted
from server.orders.submit import doubt, refuse
from server.orders.validate import instrument_of, validate
from server.orders.waiting import within
from server.risk.checks import first_problem

__all__ = ("Modifier",)


class Modifier:
    """Changes orders."""

    def __init__(self, desk: Desk, assessor: Assessor, inflight: Inflight) -> None:
        self._desk = desk
        self._assessor = assessor
        self._inflight = inflight

    async def modify(self, order_id: str, change: Change, revision: int, *, actor: str, correlation: str = "") -> Order:
        """Change quantity (the new total), price, trigger or type; returns the order as it then stands.

        Raises:
            NotFound: no such working order.
            Conflict: the order has changed since `revision`, is finished, or another change is under way.
            Invalid, Denied: as for a new order; nothing was sent, the order is as it was.
            Unknown: nobody can say whether the change arrived; Sauda looks it up.
        """
        desk = self._desk
        working = desk.working(order_id)
        order = working.order
        desk.ensure_open(order.account)
        self._ready(working, revision)
        try:
            changed = self._check(working, change)
        except (Invalid, Denied) as error:
            detail = {"order": order_id, "change": msgspec.to_builtins(change)}
            await refuse(desk, error, detail, actor, correlation, order_id, "order.change_refused")
            raise
        desk.risk.of(order.account).bucket.take()
        working.changed, working.modifying = changed, True
        desk.book.recount(working)
        asked = {"order": order_id, "change": msgspec.to_builtins(change)}
        try:
            await desk.note("order.change_asked", asked, actor, correlation or working.correlation, order_id)
        except Unavailable:
            working.changed, working.modifying = None, False
            desk.book.recount(working)
            raise
        try:
            return await self._send(order, change, changed)
        finally:
            if (now := desk.book.get(order_id)) is not None:
                now.modifying = False

    def _ready(self, working: Working, revision: int) -> None:
        order = working.order
        if order.state in TERMINAL_STATES:
            raise Conflict(
                f"Too late: the order is {order.state.lower()}.",
                code="order.finished",
                field="id",
                value=order.state,
                remedy="Read the order again.",
            )
        if order.state not in ("OPEN", "PARTIAL"):
            raise Conflict(
                f"Not changed: the order is {order.state.lower()}; only a working order can be changed.",
                code="order.not_working",
                field="id",
                value=order.state,
                remedy="Wait until it is resolved.",
            )
        if working.modifying or working.changed is not None:
            raise Conflict(
                "Not changed: another change of this order is under way.",
                code="order.change_under_way",
                field="id",
                remedy="Wait for it, then read the order again.",
            )
        if order.revision != revision:
            raise Conflict(
                f"Not changed: you saw revision {revision}, the order is at {order.revision}.",
                code="order.revision",
                field="revision",
                limit=order.revision,
                value=revision,
                remedy="Read the order again and repeat the change if you still want it.",
            )

    def _check(self, working: Working, change: Change) -> Order:
        """The order as it would be; raises Invalid or Denied."""
        desk, order = self._desk, working.order
        kind = change.type or order.type
        if kind not in ("MARKET", "LIMIT", "SL", "SL-M"):
            raise Invalid(
                f"Not changed: there is no order type {kind[:20]!r}.",
                code="order.type",
                field="type",
                remedy="Use MARKET, LIMIT, SL or SL-M.",
            )
        instrument = desk.market(order.account).instrument(order.key)
        if change.quantity is not None and instrument is not None and instrument.unit != order.unit:
            raise Invalid(
                f"Not changed: the order was counted in steps of {order.unit:f}; they are {instrument.unit:f} now.",
                code="order.unit",
                field="quantity",
                remedy="Change its price only, or cancel it and place another.",
            )
        quantity = order.quantity if change.quantity is None else change.quantity
        if quantity <= order.filled:
            raise Invalid(
                f"Not changed: {plain_quantity(order.filled, order.unit)} are filled already, so the quantity must be "
                "above that.",
                code="order.quantity",
                field="quantity",
                limit=order.filled,
                value=quantity,
                remedy="Cancel the rest instead.",
            )
        price = change.price if change.price is not None else (order.price if kind in ("LIMIT", "SL") else None)
        trigger = change.trigger if change.trigger is not None else (order.trigger if kind in ("SL", "SL-M") else None)
        market = desk.market(order.account)
        instrument = instrument_of(market, order.key)
        request = OrderRequest(
            account=order.account,
            key=order.key,
            side=order.side,
            quantity=quantity,
            type=kind,  # type: ignore[arg-type]
            product=order.product,
            price=price,
            trigger=trigger,
            validity=order.validity,
            disclosed=order.disclosed if order.disclosed < quantity else 0,
            after_market=order.after_market,
            protection=order.protection,
            origin=order.origin,
        )
        request = validate(request, instrument, desk.day(order.account))
        changed = msgspec.structs.replace(
            order, quantity=quantity, type=request.type, price=request.price, trigger=request.trigger
        )
        if _terms(changed) == _terms(order):
            raise Invalid(
                "Not changed: the order is like that already.", code="order.same", remedy="Change at least one value."
            )
        rest = msgspec.structs.replace(request, quantity=quantity - order.filled)
        problem = first_problem(self._assessor.assess(changed, rest, instrument, working).proposal)
        if problem is not None:
            raise Denied(
                problem.detail.replace("Not sent", "Not changed", 1),
                code=problem.code,
                field=problem.field,
                remedy=problem.remedy,
                limit=problem.limit,
                value=problem.value,
                headroom=problem.headroom,
            )
        if working.outlay:
            working.outlay = max(working.outlay, request.price or working.outlay)
        return changed

    async def _send(self, order: Order, change: Change, changed: Order) -> Order:
        desk = self._desk
        execution = desk.execution(order.account)
        try:
            ack = await within(desk.clock, desk.settings.command_timeout, execution.modify(order, change))
        except NotAccepted as refusal:
            if (working := desk.book.get(order.id)) is not None:
                working.changed = None
                desk.book.recount(working)
            await self._inflight.look(order.id)
            raise Denied(
                f"Not changed: the broker refused ({refusal.reason}).",
                code="order.change_refused",
                remedy="The order is as it was. Look at it, then try again.",
            ) from None
        except Exception as error:
            if (working := desk.book.get(order.id)) is not None:
                working.modifying = False
            doubt(desk, order.id)
            raise Unknown(
                f"Nobody can say whether the change of order {order.id} arrived ({type(error).__name__}).",
                code="order.change_unknown",
                field="id",
                remedy="Sauda is looking it up. Read the order again before you change it once more.",
            ) from error
        return await self._take_over(order.id, changed, ack.broker_id)

    async def _take_over(self, order_id: str, changed: Order, broker_id: str) -> Order:
        """The change is made; some brokers make another order of it, which is what a cancel must name from now on."""
        desk = self._desk
        working = desk.working(order_id)
        working.changed = None
        desk.book.recount(working)
        order = working.order
        if working.outlay and changed.price is not None:
            working.outlay = changed.price
        if order.state in ("OPEN", "PARTIAL") and _terms(order) != _terms(changed):
            step = machine.Modify(changed.quantity, changed.price, changed.trigger, changed.type, broker_id)
            try:
                desk.step(working, step, "modified", f"broker:{order.broker}")
            except machine.Illegal as error:
                desk.notice("bad", f"The broker changed order {order_id}, but {error}", order_id)
        elif order.state in ("OPEN", "PARTIAL") and broker_id not in ("", order.broker_id):
            desk.step(working, machine.Accept(broker_id), "accepted", f"broker:{order.broker}")
        order, written = working.order, working.written
        if written is not None:
            try:
                await asyncio.shield(written)
            except Unavailable:
                raise Unavailable(
                    "The change is made at the broker, but could not be written here. Trading is halted.",
                    code="journal.broken",
                    remedy="It is read back from the broker when writing works again.",
                ) from None
        return order


def _terms(order: Order) -> tuple[object, ...]:
    return order.quantity, order.price, order.trigger, order.type
