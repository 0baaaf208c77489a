"""Placing an order: seen before? valid? allowed? then intent on disk, then sent once, then what came of it on disk.

The five outcomes (law 4): denied here, accepted, rejected with proof, unknown, and later resolved.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from server.core.errors import Denied, Invalid, NotFound, SaudaError, Unavailable
from server.domain.orders import Order, OrderRequest
from server.orders import machine
from server.orders.assess import Assessment, Assessor, make_order
from server.orders.desk import Desk
from server.orders.ports import Ack, Execution, NotAccepted
from server.orders.validate import instrument_of, validate
from server.orders.waiting import within
from server.risk.checks import first_problem

__all__ = ("Placed", "Submitter")

_log = structlog.get_logger("orders.submit")
_OUTSIDE_ORIGINS = frozenset({"user", "api"})


class Placed(msgspec.Struct, frozen=True):
    """The order, and whether this request made it (False: the same request id came before)."""

    order: Order
    new: bool


class Submitter:
    """Turns requests into orders, never two out of one."""

    def __init__(self, desk: Desk, assessor: Assessor) -> None:
        self._desk = desk
        self._assessor = assessor
        self._running: dict[tuple[str, str], asyncio.Task[Order]] = {}
        self._tasks: set[asyncio.Task[Order]] = set()

    async def place(self, request: OrderRequest, *, actor: str, correlation: str = "", inside: bool = False) -> Placed:
        """Place an order; returns it as it stands on disk: OPEN, FILLED, REJECTED, UNKNOWN ...

        A caller that goes away does not stop the order: what was begun is finished. `inside` is for Sauda's own
        baskets, triggers and kill switch; from outside, `origin` and `parent` of the request are not believed.

        Raises:
            Invalid: the request can never be an order. Only an audit line is kept.
            Denied: a limit or state refuses it; nothing was sent. Only an audit line is kept.
            Unavailable: trading is halted, or the intent could not be written; nothing was sent.
        """
        if not inside:
            origin = request.origin if request.origin in _OUTSIDE_ORIGINS else "user"
            request = msgspec.structs.replace(request, origin=origin, parent="")
        key = (request.account, request.request_id)
        if request.request_id:
            while True:
                if (running := self._running.get(key)) is not None:
                    return Placed(await asyncio.shield(running), False)
                if (order := await self._known(*key)) is not None:
                    return Placed(order, False)
                if key not in self._running:
                    break
        task = asyncio.create_task(self._place(request, actor, correlation), name="place")
        self._tasks.add(task)
        if request.request_id:
            self._running[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))
        return Placed(await asyncio.shield(task), True)

    async def settle(self) -> None:
        """Return when nothing is being sent any more."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def _ended(self, key: tuple[str, str], task: asyncio.Task[Order]) -> None:
        self._tasks.discard(task)
        if self._running.get(key) is task:
            del self._running[key]
        if not task.cancelled():
            task.exception()

    async def _known(self, account: str, request_id: str) -> Order | None:
        requests = self._desk.book.requests
        order_id = requests.order_id(account, request_id)
        if order_id:
            working = self._desk.book.get(order_id)
            return working.order if working is not None else await self._desk.shelf.orders.get(order_id)
        if requests.perhaps(account, request_id):
            return await self._desk.shelf.orders.by_request(account, request_id)
        return None

    async def _place(self, request: OrderRequest, actor: str, correlation: str) -> Order:
        desk = self._desk
        try:
            account = desk.account(request.account)
        except NotFound as error:
            await refuse(desk, error, msgspec.to_builtins(request), actor, correlation, request.account[:40])
            raise
        desk.ensure_open(account.id)
        execution = desk.execution(account.id)
        try:
            market = desk.market(account.id)
            instrument = instrument_of(market, request.key)
            request = validate(request, instrument, desk.day(account.id))
            order = make_order(desk, request, instrument, market.quote(request.key), desk.ids.next())
            assessment = self._assessor.assess(order, request, instrument, None)
            problem = first_problem(assessment.proposal)
            if problem is not None:
                raise problem
        except (Invalid, Denied) as error:
            await refuse(desk, error, msgspec.to_builtins(request), actor, correlation, account.id)
            raise
        desk.risk.of(account.id).bucket.take()
        self._say_if_stale(assessment, order)
        done = desk.intend(
            order, correlation, assessment.outlay, assessment.charges_minor, actor, assessment.required_after
        )
        working = desk.working(order.id)
        sending = working.sending = asyncio.get_running_loop().create_future()
        try:
            await done
            answer = await self._send(order, execution)
        except Unavailable:
            desk.book.drop(order)
            raise
        finally:
            # also when this process is being stopped: what was sent stays SUBMITTING on disk and is looked up at start
            if not sending.done():
                sending.set_result(None)
        return await self._answered(order, answer, actor)

    async def _send(self, order: Order, execution: Execution) -> Ack | NotAccepted | str:
        """Send once (law 2): an Ack, a proof of refusal, or the words of what went wrong."""
        desk = self._desk
        if desk.risk.kill.engaged and order.origin not in ("kill", "settlement"):
            return NotAccepted("Not sent: the kill switch was engaged before it could go out.")
        try:
            return await within(desk.clock, desk.settings.submit_timeout, execution.place(order))
        except NotAccepted as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever it was, it may have arrived
            _log.warning("submit_without_answer", order=order.id, exc_info=not isinstance(error, TimeoutError))
            return _words(error)

    async def _answered(self, sent: Order, answer: Ack | NotAccepted | str, actor: str) -> Order:
        """Put the outcome on disk; the order returned is on disk in that very state."""
        desk = self._desk
        working = desk.book.get(sent.id)
        if working is None:
            return sent
        working.sending = None
        try:
            self._apply(answer, sent.id, actor)
        except machine.Illegal:
            pass  # the broker's own updates were quicker and say more
        except Unavailable:
            return self._in_doubt(sent, "the journal could not be written after it was sent.")
        working = desk.book.get(sent.id) or working
        order, written = working.order, working.written
        try:
            if written is not None:
                await asyncio.shield(written)
        except Unavailable:
            return self._in_doubt(sent, "the journal could not be written after it was sent.")
        return order

    def _apply(self, answer: Ack | NotAccepted | str, order_id: str, actor: str) -> None:
        desk = self._desk
        working = desk.working(order_id)
        order = working.order
        if isinstance(answer, Ack):
            if order.state in ("SUBMITTING", "UNKNOWN") or (answer.broker_id and not order.broker_id):
                desk.step(working, machine.Accept(answer.broker_id), "accepted", f"broker:{order.broker}")
        elif isinstance(answer, NotAccepted):
            desk.risk.note_error(order.account)
            desk.step(working, machine.Reject(answer.reason), "rejected", f"broker:{order.broker}")
        elif order.state == "SUBMITTING":
            desk.risk.note_error(order.account)
            reason = f"Sent, but no clear answer came ({answer}). Sauda is looking it up; do not send it again."
            desk.step(working, machine.Lose(reason), "unknown", actor)
            doubt(desk, order_id)

    def _in_doubt(self, sent: Order, why: str) -> Order:
        """Only in memory, for the disk does not take it: the order is UNKNOWN until it is looked up."""
        desk = self._desk
        working = desk.book.get(sent.id)
        if working is None:
            working = desk.book.add(sent)
        if working.order.state in ("SUBMITTING", "UNKNOWN"):
            reason = f"Sent, but {why} It is looked up as soon as writing works again."
            lost = msgspec.structs.replace(working.order, state="UNKNOWN", reason=reason, updated=desk.clock.now())
            desk.book.put(working, lost)
            doubt(desk, sent.id)
        return working.order

    def _say_if_stale(self, assessment: Assessment, order: Order) -> None:
        """Law 11: a limit order may go out on an old price, but not without saying so."""
        proposal = assessment.proposal
        if proposal.fresh or proposal.phase is None:
            return
        age = "there is no price yet" if proposal.quote is None else f"the last price is {proposal.quote.age:.0f} s old"
        self._desk.notice(
            "warn", f"{order.side} {proposal.instrument.symbol}: {age}; sent with your own price.", order.id
        )


def doubt(desk: Desk, order_id: str) -> None:
    """From now on the order's fate is looked up."""
    working = desk.book.get(order_id)
    if working is not None:
        now = desk.clock.monotonic()
        working.in_doubt_since, working.look_at, working.looks = now, now + desk.settings.lookup_first, 0
        desk.on_doubt()


async def refuse(
    desk: Desk,
    error: SaudaError,
    detail: Mapping[str, object],
    actor: str,
    correlation: str,
    subject: str,
    what: str = "order.refused",
) -> None:
    """The audit line of a refusal. A broken journal does not change the answer: nothing was sent either way."""
    try:
        problem = msgspec.to_builtins(error.problem(correlation))
        await desk.note(what, _tame({"problem": problem, "request": detail}), actor, correlation, subject)
    except Unavailable:
        return


def _words(error: Exception) -> str:
    """What went wrong, for a sentence: ours and a time-out are told as they are, the rest by name."""
    if isinstance(error, SaudaError):
        return error.detail.removesuffix(".")
    return str(error) if isinstance(error, TimeoutError) and str(error) else f"{type(error).__name__}: {error}"[:300]


def _tame(value: Any) -> Any:
    """Input that was refused, cut to what an audit line may hold: short texts, numbers that fit."""
    if isinstance(value, Mapping):
        return {str(k)[:40]: _tame(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tame(v) for v in value[:50]]
    if isinstance(value, int) and abs(value) > 2**53:
        return f"{value:.6e}" if abs(value) < 10**300 else "beyond all numbers"
    if isinstance(value, str) and len(value) > 200:
        return value[:200] + "..."
    return value
