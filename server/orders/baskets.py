"""Baskets: several orders in one intention, sent leg by leg, each step on disk.

Order of legs: buys first where asked (they bring the hedge that makes the rest cheaper), otherwise as given. A leg
goes out when the one before it is filled; a leg that is refused, rejected, in doubt, or not filled in time has failed.
Then, as the basket says: `stop` sends nothing more and leaves what is there; `unwind` cancels what works and closes
what was filled with market orders. A leg in doubt is never unwound: nobody knows what there is to close.
An interrupted basket is not continued after a restart: it is stopped, and that is said.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from server.core.errors import Invalid, SaudaError, Unavailable
from server.domain.events import ListChanged
from server.domain.journal import BasketChanged
from server.domain.orders import LIVE_STATES, Order, OrderRequest
from server.orders.cancel import Canceller, changed_within
from server.orders.desk import SYSTEM, Desk, Done
from server.orders.submit import Submitter
from server.orders.validate import instrument_of, validate

__all__ = ("Basket", "BasketLeg", "BasketState", "Baskets", "leg_order")

BasketState = Literal["RUNNING", "DONE", "STOPPED", "UNWINDING", "UNWOUND"]
"""DONE: every leg is filled (or the last one works on). STOPPED: a leg failed, or Sauda stopped; what is there stays.
UNWOUND: a leg failed, and what had been filled was closed as far as `reason` does not say otherwise."""

_RUNNING: tuple[str, ...] = ("RUNNING", "UNWINDING")
_MOST_LEGS = 20


class BasketLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One order of a basket."""

    request: OrderRequest
    order_id: str = ""
    state: str = "WAITING"
    """WAITING, or the state of its order, or REFUSED."""
    reason: str = ""
    unwind_id: str = ""
    """The order that closes it again."""


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """Legs in the order in which they are sent."""

    id: str
    account: str
    name: Annotated[str, msgspec.Meta(max_length=80)]
    on_failure: Literal["stop", "unwind"]
    legs: tuple[BasketLeg, ...]
    state: BasketState = "RUNNING"
    reason: str = ""
    created: datetime
    updated: datetime


def leg_order(legs: Sequence[OrderRequest], buy_first: bool) -> list[int]:
    """Indexes of the legs in the order in which they are sent."""
    if not buy_first:
        return list(range(len(legs)))
    return sorted(range(len(legs)), key=lambda i: legs[i].side != "BUY")


class Baskets:
    """Runs baskets of all accounts."""

    def __init__(self, desk: Desk, submitter: Submitter, canceller: Canceller) -> None:
        self._desk = desk
        self._submitter = submitter
        self._canceller = canceller
        self._running: dict[str, Basket] = {}
        self._interrupted: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def create(
        self,
        account: str,
        name: str,
        legs: Sequence[OrderRequest],
        *,
        on_failure: Literal["stop", "unwind"] = "stop",
        buy_first: bool = True,
        actor: str,
        correlation: str = "",
    ) -> Basket:
        """Start a basket; returns it as soon as it is on disk, its legs follow. Raises Invalid, naming leg and field,
        before anything is sent."""
        desk = self._desk
        desk.account(account)
        desk.ensure_open(account)
        desk.execution(account)
        checked = self.checked(account, legs)
        basket_id, now = desk.ids.next(), desk.clock.now()
        ordered = [checked[i] for i in leg_order(checked, buy_first)]
        basket = Basket(
            id=basket_id,
            account=account,
            name=name[:80],
            on_failure=on_failure,
            legs=tuple(
                BasketLeg(
                    request=msgspec.structs.replace(
                        leg, request_id=f"basket-{basket_id}-{n}", parent=basket_id, origin="basket"
                    )
                )
                for n, leg in enumerate(ordered)
            ),
            created=now,
            updated=now,
        )
        await self._keep(basket, "started", actor, correlation)
        task = asyncio.create_task(self._run(basket.id, actor, correlation or basket.id), name="basket")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return basket

    def checked(self, account: str, legs: Sequence[OrderRequest]) -> list[OrderRequest]:
        """The legs as orders of `account`; raises Invalid naming leg and field."""
        desk = self._desk
        if not 1 <= len(legs) <= _MOST_LEGS:
            raise Invalid(
                f"Not sent: a basket has 1 to {_MOST_LEGS} legs.",
                code="basket.legs",
                field="legs",
                limit=_MOST_LEGS,
                value=len(legs),
            )
        out = []
        for index, leg in enumerate(legs):
            request = msgspec.structs.replace(leg, account=account)
            try:
                instrument = instrument_of(desk.market(account), request.key)
                out.append(validate(request, instrument, desk.day(account)))
            except Invalid as error:
                error.field = f"legs[{index}].{error.field}"
                raise
        return out

    def running(self, account: str | None = None) -> list[Basket]:
        """Baskets under way."""
        return [b for b in self._running.values() if account is None or b.account == account]

    async def load(self) -> None:
        """Begin again with what is on disk; baskets under way are stopped by `resume`."""
        for task in self._tasks:
            task.cancel()
        rows = await self._desk.shelf.baskets.load_all(_RUNNING)
        self._running = {row.id: msgspec.convert(row.body, Basket, strict=False) for row in rows}
        self._interrupted = set(self._running)

    async def resume(self, account: str) -> None:
        """Stop what a restart interrupted, with the legs as their orders now stand."""
        for basket in self.running(account):
            if basket.id not in self._interrupted:
                continue
            self._interrupted.discard(basket.id)
            legs = tuple([await self._found(leg) for leg in basket.legs])
            reason = "Sauda stopped while the basket ran. Nothing more was sent; look at the legs."
            stopped = msgspec.structs.replace(basket, legs=legs, state="STOPPED", reason=reason)
            await self._keep(stopped, "stopped", SYSTEM, basket.id)
            self._desk.notice("bad", f"Basket {basket.name}: {reason}", basket.id)

    async def settle(self) -> None:
        """Return when no basket runs any more."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    # running

    async def _run(self, basket_id: str, actor: str, correlation: str) -> None:
        try:
            for index in range(len(self._running[basket_id].legs)):
                if not await self._leg(basket_id, index, actor, correlation):
                    await self._failed(basket_id, index, correlation)
                    return
            await self._end(basket_id, "DONE", "", correlation)
        except Unavailable:
            return  # the journal failed: the load that follows stops the basket
        except Exception as error:
            basket = self._running.get(basket_id)
            if basket is not None:
                await self._end(basket_id, "STOPPED", f"{type(error).__name__}: {error}", correlation)
            raise

    async def _leg(self, basket_id: str, index: int, actor: str, correlation: str) -> bool:
        """Send one leg and wait for it; whether the next may follow."""
        desk = self._desk
        leg = self._running[basket_id].legs[index]
        try:
            placed = await self._submitter.place(leg.request, actor=actor, correlation=correlation, inside=True)
        except Unavailable:
            raise
        except SaudaError as error:
            await self._set(basket_id, index, "leg.refused", correlation, state="REFUSED", reason=_words(error))
            return False
        order = placed.order
        await self._set(
            basket_id, index, "leg.sent", correlation, order_id=order.id, state=order.state, reason=order.reason
        )
        working = desk.book.get(order.id)
        if working is not None and working.order.state in LIVE_STATES:
            await changed_within(desk, working, desk.settings.leg_wait, lambda o: o.state not in LIVE_STATES)
            order = (desk.book.get(order.id) or working).order
        elif working is not None:
            order = working.order
        if order.state != placed.order.state:
            await self._set(basket_id, index, "leg.moved", correlation, state=order.state, reason=order.reason)
        basket = self._running[basket_id]
        last = index == len(basket.legs) - 1
        return order.state == "FILLED" or (last and basket.on_failure == "stop" and order.state in ("OPEN", "PARTIAL"))

    async def _failed(self, basket_id: str, index: int, correlation: str) -> None:
        basket = self._running[basket_id]
        leg = basket.legs[index]
        why = f"Leg {index + 1} ({leg.request.side} {leg.request.key}) is {leg.state.lower()}."
        why = f"{why} {leg.reason}".strip()
        if basket.on_failure == "stop":
            await self._end(basket_id, "STOPPED", f"{why} Nothing more was sent.", correlation)
            return
        basket = msgspec.structs.replace(basket, state="UNWINDING", reason=why)
        await self._keep(basket, "unwinding", SYSTEM, correlation)
        trouble = await self._unwind(basket_id, correlation)
        await self._end(basket_id, "UNWOUND", " ".join([why, *trouble]), correlation)

    async def _unwind(self, basket_id: str, correlation: str) -> list[str]:
        """Cancel what works, close what was filled, last leg first; returns what could not be done."""
        desk = self._desk
        trouble: list[str] = []
        for index in reversed(range(len(self._running[basket_id].legs))):
            leg = self._running[basket_id].legs[index]
            if not leg.order_id:
                continue
            working = desk.book.get(leg.order_id)
            if working is not None and working.order.state in LIVE_STATES:
                await self._canceller.cancel_all([working], actor=SYSTEM, correlation=correlation)
            found = desk.book.get(leg.order_id)
            order = found.order if found is not None else await desk.shelf.orders.get(leg.order_id)
            await self._set(basket_id, index, "leg.moved", correlation, state=order.state, reason=order.reason)
            if order.state in LIVE_STATES:
                trouble.append(f"Order {order.id} is {order.state.lower()} and could not be cancelled: look at it.")
            if order.filled:
                trouble += await self._close(basket_id, index, order, correlation)
        return trouble

    async def _close(self, basket_id: str, index: int, order: Order, correlation: str) -> list[str]:
        request = OrderRequest(
            account=order.account,
            key=order.key,
            side="SELL" if order.side == "BUY" else "BUY",
            quantity=order.filled,
            type="MARKET",
            product=order.product,
            request_id=f"unwind-{basket_id}-{index}",
            parent=basket_id,
            origin="basket",
        )
        try:
            placed = await self._submitter.place(request, actor=SYSTEM, correlation=correlation, inside=True)
        except Unavailable:
            raise
        except SaudaError as error:
            return [f"Leg {index + 1} could not be closed: {_words(error)}"]
        await self._set(basket_id, index, "leg.unwound", correlation, unwind_id=placed.order.id)
        if placed.order.state in ("REJECTED", "UNKNOWN"):
            return [f"Leg {index + 1} could not be closed: {placed.order.reason}"]
        return []

    async def _found(self, leg: BasketLeg) -> BasketLeg:
        order = await self._desk.shelf.orders.by_request(leg.request.account, leg.request.request_id)
        if order is None:
            return leg
        return msgspec.structs.replace(leg, order_id=order.id, state=order.state, reason=order.reason)

    # keeping

    async def _set(self, basket_id: str, index: int, event: str, correlation: str, **fields: Any) -> None:
        basket = self._running[basket_id]
        legs = list(basket.legs)
        legs[index] = msgspec.structs.replace(legs[index], **fields)
        await self._keep(msgspec.structs.replace(basket, legs=tuple(legs)), event, SYSTEM, correlation)

    async def _end(self, basket_id: str, state: BasketState, reason: str, correlation: str) -> None:
        basket = msgspec.structs.replace(self._running[basket_id], state=state, reason=reason)
        await self._keep(basket, state.lower(), SYSTEM, correlation)
        if state != "DONE":
            self._desk.notice("bad", f"Basket {basket.name} is {state.lower()}: {reason}", basket_id)

    def _keep(self, basket: Basket, event: str, actor: str, correlation: str) -> Done:
        basket = msgspec.structs.replace(basket, updated=self._desk.clock.now())
        body = msgspec.to_builtins(basket)
        payload = BasketChanged(event=event, id=basket.id, account=basket.account, state=basket.state, body=body)
        seen = ListChanged(at=self._desk.clock.now(), correlation=correlation, name="baskets", id=basket.id, body=body)
        done = self._desk.keep(payload, actor, correlation, basket.id, seen)
        if basket.state in _RUNNING:
            self._running[basket.id] = basket
        else:
            self._running.pop(basket.id, None)
        return done


def _words(error: SaudaError) -> str:
    return f"{error.detail} {error.remedy}".strip()
