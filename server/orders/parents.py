"""Keeps iceberg, cover, bracket and sliced orders: on disk, stepped when a child or a price moves, resumed at a start.

What to do next is `parent.decide`'s business; here it is done, through the same gates as any order (each child passes
validation, risk and the twelve laws), and written down. A parent belongs to its market day: one that a restart finds on
a later day is ended, and that is said.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal

import msgspec
import structlog

from server.core.clock import india_day
from server.core.errors import Conflict, Denied, Invalid, NotFound, SaudaError, Unavailable
from server.domain.events import ListChanged, OrderSeen
from server.domain.journal import ParentChanged
from server.domain.orders import LIVE_STATES, Order, OrderRequest
from server.orders.cancel import Canceller
from server.orders.desk import SYSTEM, Desk, Done
from server.orders.modify import Modifier
from server.orders.parent import (
    RUNNING_STATES,
    Amend,
    Cancel,
    End,
    ParentOrder,
    ParentState,
    Send,
    Wait,
    decide,
    parts_told,
)
from server.orders.parent_terms import ParentTerms
from server.orders.ports import Change
from server.orders.preview import Preview
from server.orders.submit import Submitter
from server.orders.validate import instrument_of

__all__ = ("Parents",)

_MOST = 100
"""Running parents of an account."""
_LOOK_EVERY = 1.0
_AGAIN_AFTER = 2.0
_TOO_FAST = "risk.order_rate"

_log = structlog.get_logger("orders.parents")


class Parents:
    """Runs parent orders of all accounts."""

    def __init__(
        self,
        desk: Desk,
        submitter: Submitter,
        modifier: Modifier,
        canceller: Canceller,
        preview: Callable[[OrderRequest], Preview],
    ) -> None:
        self._desk = desk
        self._submitter = submitter
        self._modifier = modifier
        self._canceller = canceller
        self._terms = ParentTerms(desk, preview)
        self._reprice: dict[str, set[str]] = {}
        """Parts of a sliced order that are to get its new price."""
        self._live: dict[str, ParentOrder] = {}
        self._moved: dict[str, asyncio.Event] = {}
        self._interrupted: set[str] = set()
        self._asked: dict[tuple[str, str], ParentOrder] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._children: dict[str, list[Order]] = {}
        desk.bus.subscribe(OrderSeen, self._on_order)

    # user's commands

    async def create(self, asked: ParentOrder, *, actor: str, correlation: str = "") -> ParentOrder:
        """Keep a new parent and send its first child; returns it as it then stands. `asked` brings the terms; id and
        times are given here. Raises Invalid naming the field, Denied when there are too many."""
        desk = self._desk
        desk.account(asked.account)
        desk.ensure_open(asked.account)
        if asked.request_id and (known := self._asked.get((asked.account, asked.request_id))) is not None:
            return self._live.get(known.id, known)
        market = desk.market(asked.account)
        instrument = instrument_of(market, asked.key)
        self._room(asked.account)
        now = desk.clock.now()
        parent = msgspec.structs.replace(
            self._terms.checked(asked, instrument),
            id=desk.ids.next(),
            state="RUNNING",
            reason="",
            held_back="",
            orders=(),
            filled=0,
            created=now,
            created_market=market.now(),
            updated=now,
        )
        done = self._keep(parent, "created", actor, correlation)
        if parent.request_id:
            self._asked[parent.account, parent.request_id] = parent
        await done
        self._children[parent.id] = []
        try:
            await self._step(parent.id)
        finally:
            self._begin(parent.id)
        return self._live.get(parent.id) or self._asked.get((parent.account, parent.request_id), parent)

    async def reprice(self, parent_id: str, price: Decimal, *, actor: str, correlation: str = "") -> ParentOrder:
        """Give a sliced limit order another price: every part at work is changed, parts to come go out with it.

        Raises NotFound when it does not run (any more), Invalid for another kind or a price that is none."""
        parent = self._live.get(parent_id)
        if parent is None:
            raise NotFound(f"There is no running parent order {parent_id[:40]!r}.", code="parent.not_found", field="id")
        if parent.kind != "slices" or parent.type != "LIMIT" or parent.state != "RUNNING":
            raise Invalid(
                "Not changed: only a limit order sent in parts, while it runs, can get another price as a whole.",
                code="parent.reprice",
                field="id",
                remedy="Change its orders one by one, or close it.",
            )
        self._desk.ensure_writable()
        instrument = instrument_of(self._desk.market(parent.account), parent.key)
        price = self._terms.price(parent, instrument, price)
        self._reprice[parent_id] = {o.id for o in self._refreshed(parent) if o.state in LIVE_STATES}
        parent = await self._change(parent, "repriced", actor, correlation, price=price)
        self._wake(parent_id)
        return parent

    async def close(self, parent_id: str, *, actor: str, correlation: str = "") -> ParentOrder:
        """End it: cancel what is not filled; a cover or bracket order then sells (or buys back) what is held at market.
        Raises NotFound when it does not run (any more)."""
        parent = self._live.get(parent_id)
        if parent is None:
            raise NotFound(f"There is no running parent order {parent_id[:40]!r}.", code="parent.not_found", field="id")
        self._desk.ensure_writable()
        if parent.state != "CLOSING":
            parent = await self._change(parent, "closing", actor, correlation, state="CLOSING")
        self._wake(parent_id)
        return parent

    def running(self, account: str | None = None) -> list[ParentOrder]:
        """Those under way, oldest first."""
        return [p for p in self._live.values() if account is None or p.account == account]

    # life

    async def load(self) -> None:
        """Begin again with what is on disk; nothing moves until `resume`."""
        for task in self._tasks.values():
            task.cancel()
        rows = await self._desk.shelf.parents.load_all(RUNNING_STATES)
        self._live = {row.id: msgspec.convert(row.body, ParentOrder, strict=False) for row in rows}
        self._asked = {(p.account, p.request_id): p for p in self._live.values() if p.request_id}
        self._interrupted = set(self._live)
        self._tasks, self._moved, self._children = {}, {}, {}

    async def resume(self, account: str) -> None:
        """Go on where a stop interrupted, with the children as the broker has them now."""
        for parent in self.running(account):
            if parent.id not in self._interrupted:
                continue
            self._interrupted.discard(parent.id)
            children: list[Order] = []
            while order := await self._desk.shelf.orders.by_request(account, parent.request_name(len(children))):
                children.append(order)
            self._children[parent.id] = children
            unsent = parent.kind == "slices" and sum(o.quantity for o in children) < parent.quantity
            if unsent and not parent.held_back:
                held = "Sauda was restarted before all parts were out"
                await self._change(parent, "held_back", SYSTEM, parent.id, held_back=held)
            if india_day(parent.created_market) != self._desk.day(account):
                reason = "Sauda was not running when its day ended. Look at its orders and the position."
                await self._end(parent, "STOPPED", reason)
                continue
            self._begin(parent.id)

    async def stop(self) -> None:
        """End all watching; nothing is cancelled at the broker: a resting exit goes on guarding."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # running

    def _begin(self, parent_id: str) -> None:
        if parent_id not in self._live or parent_id in self._tasks:
            return
        self._moved[parent_id] = asyncio.Event()
        task = asyncio.create_task(self._run(parent_id), name=f"parent:{parent_id}")
        self._tasks[parent_id] = task
        task.add_done_callback(lambda done: self._ended(parent_id, done))

    def _ended(self, parent_id: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(parent_id) is task:
            del self._tasks[parent_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("parent_failed", parent=parent_id, exc_info=error)
            self._desk.notice(
                "bad", f"A parent order has failed inside Sauda and is not watched any more: {error}", parent_id
            )

    async def _run(self, parent_id: str) -> None:
        unwatch = self._watch(parent_id)
        try:
            while parent_id in self._live:
                again = _LOOK_EVERY
                try:
                    while await self._step(parent_id):
                        pass
                except Unavailable:
                    again = _AGAIN_AFTER  # halted, or not connected: looked at again when trading goes on
                except SaudaError as error:
                    self._said(parent_id, error)
                    again = _AGAIN_AFTER
                if parent_id in self._live:
                    await self._rest(parent_id, again)
        finally:
            unwatch()

    async def _rest(self, parent_id: str, seconds: float) -> None:
        """Until something moves, or a moment later: a look too many does no harm."""
        moved = self._moved[parent_id]
        timer = asyncio.ensure_future(self._desk.clock.sleep(seconds))
        waiter = asyncio.ensure_future(moved.wait())
        try:
            await asyncio.wait({timer, waiter}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            waiter.cancel()
            moved.clear()

    async def _step(self, parent_id: str) -> bool:
        """Do the next step; False when there is nothing to do but wait."""
        desk, parent = self._desk, self._live[parent_id]
        desk.ensure_open(parent.account)
        children = self._refreshed(parent)
        held = desk.position(parent.account, parent.key, parent.product).quantity
        last = desk.market(parent.account).last(parent.key)
        step = decide(parent, children, last, held, self._reprice.get(parent_id, ()))
        whole = parent.kind in ("iceberg", "slices")
        filled = sum(o.filled for o in children) if whole else (children[0].filled if children else 0)
        if filled != parent.filled and not isinstance(step, End):
            parent = await self._change(parent, "filled", SYSTEM, parent.id, filled=filled)
        match step:
            case Wait():
                if parent.kind == "slices":
                    await self._tell_parts(parent, children)
                return False
            case Send(request=request):
                return await self._send(parent, request)
            case Amend(order=order, change=change) if parent.kind == "slices":
                return await self._reprice_one(parent, order, change)
            case Amend(order=order, change=change):
                await self._modifier.modify(order.id, change, order.revision, actor=SYSTEM, correlation=parent.id)
            case Cancel(order=order):
                try:
                    await self._canceller.cancel(order.id, actor=SYSTEM, correlation=parent.id)
                except Conflict:
                    return False  # a fill was quicker; the next look sees it
            case End(state=state, reason=reason):
                await self._end(msgspec.structs.replace(parent, filled=filled), state, reason)
                return False
        return True

    async def _tell_parts(self, parent: ParentOrder, children: list[Order]) -> None:
        """Once something is amiss, the parent says how its parts stand."""
        words = parts_told(parent, children)
        if words and words != parent.reason and parent.state == "RUNNING":
            await self._change(parent, "parts", SYSTEM, parent.id, reason=words)
            if not parent.reason:
                self._desk.notice("bad", f"Not all parts of the order in {parent.key} are out: {words}", parent.id)

    async def _reprice_one(self, parent: ParentOrder, order: Order, change: Change) -> bool:
        """Change one part; one that is refused keeps its price, and that is said."""
        waiting = self._reprice[parent.id]
        try:
            await self._modifier.modify(order.id, change, order.revision, actor=SYSTEM, correlation=parent.id)
        except (Denied, Invalid) as error:
            self._desk.notice("bad", f"A part in {parent.key} keeps its price {order.price}: {error.detail}", order.id)
        except Conflict:
            return False  # another change of it is under way, or it has just ended: looked at again
        waiting.discard(order.id)
        return True

    async def _send(self, parent: ParentOrder, request: OrderRequest) -> bool:
        """Place a child; False when it has to wait a moment."""
        try:
            placed = await self._submitter.place(request, actor=SYSTEM, correlation=parent.id, inside=True)
        except Unavailable:
            raise
        except SaudaError as error:
            if parent.kind == "slices" and self._children[parent.id]:
                if error.code == _TOO_FAST:
                    return False
                held = f"Part {len(self._children[parent.id]) + 1} was not sent: {error.detail}"
                await self._change(self._live[parent.id], "held_back", SYSTEM, parent.id, held_back=held)
                return True
            guarding = parent.kind != "iceberg" and bool(parent.orders)
            tail = " The position is open and unguarded: close it, or place a stop yourself." if guarding else ""
            await self._end(parent, "STOPPED", f"{error.detail} {error.remedy}".strip() + tail)
            return True
        self._children[parent.id].append(placed.order)
        now = self._live[parent.id]
        await self._change(now, "sent", SYSTEM, parent.id, orders=(*now.orders, placed.order.id))
        return True

    def _refreshed(self, parent: ParentOrder) -> list[Order]:
        children = self._children[parent.id]
        for place, order in enumerate(children):
            working = self._desk.book.get(order.id)
            if working is not None:
                children[place] = working.order
        return children

    def _said(self, parent_id: str, error: SaudaError) -> None:
        """A step that was refused is tried again; it is said once, until the words change."""
        parent = self._live.get(parent_id)
        if parent is None or isinstance(error, Conflict):
            return
        words = f"{error.detail} {error.remedy}".strip()
        _log.warning("step_refused", parent=parent_id, problem=words)
        if parent.reason != words:
            self._live[parent_id] = msgspec.structs.replace(parent, reason=words)
            self._desk.notice("bad", f"The {parent.kind} order in {parent.key} cannot go on: {words}", parent_id)

    def _watch(self, parent_id: str) -> Callable[[], None]:
        """A bracket follows the price."""
        parent = self._live[parent_id]
        if parent.kind != "bracket":
            return lambda: None
        market = self._desk.market(parent.account)
        return market.watch([parent.key], lambda _: self._priced(parent_id))

    def _priced(self, parent_id: str) -> None:
        """Called inside the market's intake, so it only compares; the step itself looks again."""
        parent = self._live.get(parent_id)
        if parent is None or len(self._children.get(parent_id, ())) < 2:
            return
        held = self._desk.position(parent.account, parent.key, parent.product).quantity
        last = self._desk.market(parent.account).last(parent.key)
        if not isinstance(decide(parent, self._refreshed(parent), last, held), Wait):
            self._wake(parent_id)

    def _on_order(self, event: OrderSeen) -> None:
        parent_id = event.order.parent
        if parent_id in self._live:
            self._wake(parent_id)
        else:
            # another order in the same instrument may have closed what a parent guards
            for parent in self._live.values():
                if (parent.account, parent.key) == (event.order.account, event.order.key):
                    self._wake(parent.id)

    def _wake(self, parent_id: str) -> None:
        if (moved := self._moved.get(parent_id)) is not None:
            moved.set()

    # checking

    def _room(self, account: str) -> None:
        if len(self.running(account)) >= _MOST:
            raise Denied(
                f"Not kept: you have {_MOST} iceberg, cover, bracket and sliced orders running already.",
                code="parent.count",
                limit=_MOST,
                value=_MOST,
                headroom=0,
                remedy="Close one first.",
            )

    # keeping

    async def _end(self, parent: ParentOrder, state: ParentState, reason: str) -> None:
        ended = await self._change(parent, state.lower(), SYSTEM, parent.id, state=state, reason=reason)
        if parent.request_id:
            self._asked[parent.account, parent.request_id] = ended
        if state == "STOPPED":
            self._desk.notice("bad", f"The {parent.kind} order in {parent.key} is stopped: {reason}", parent.id)

    async def _change(
        self, parent: ParentOrder, event: str, actor: str, correlation: str, **fields: object
    ) -> ParentOrder:
        changed = msgspec.structs.replace(parent, updated=self._desk.clock.now(), **fields)
        await self._keep(changed, event, actor, correlation)
        return changed

    def _keep(self, parent: ParentOrder, event: str, actor: str, correlation: str) -> Done:
        """Fold and queue; raises Unavailable when the journal is broken."""
        body = msgspec.to_builtins(parent)
        payload = ParentChanged(event=event, id=parent.id, account=parent.account, state=parent.state, body=body)
        seen = ListChanged(at=self._desk.clock.now(), correlation=correlation, name="parents", id=parent.id, body=body)
        done = self._desk.keep(payload, actor, correlation, parent.id, seen)
        if parent.state in RUNNING_STATES:
            self._live[parent.id] = parent
        else:
            self._live.pop(parent.id, None)
            self._moved.pop(parent.id, None)
            self._children.pop(parent.id, None)
            self._reprice.pop(parent.id, None)
        return done
