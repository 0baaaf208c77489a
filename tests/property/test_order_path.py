"""Any sequence of orders, faults, fills, crashes and broken disks: once all is well again, books and broker agree.

About 60 sequences by default; 3,000 with SAUDA_LONG=1.
"""

import asyncio
import contextlib
import os
from decimal import Decimal

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.core.errors import SaudaError
from server.domain.orders import LIVE_STATES, Order
from server.orders.ports import Change
from tests.orders_kit import ACCOUNT, CALL, INFY, RELIANCE, Stage, request

LONG = os.environ.get("SAUDA_LONG") == "1"
FAULTS = ("ok", "ok", "fill", "update_first", "reject", "hang", "hang_after", "error", "error_after", "garbage")

actions = st.lists(
    st.one_of(
        st.tuples(
            st.just("place"),
            st.sampled_from([RELIANCE, INFY, CALL]),
            st.sampled_from(["BUY", "SELL"]),
            st.integers(1, 3),
            st.sampled_from(FAULTS),
            st.integers(0, 6),
        ),
        st.tuples(st.just("fill"), st.integers(0, 9), st.integers(1, 4), st.booleans()),
        st.tuples(st.just("again"), st.integers(0, 9)),
        st.tuples(st.just("cancel"), st.integers(0, 9), st.sampled_from(["ok", "error", "fill_first", "silent"])),
        st.tuples(
            st.just("modify"),
            st.integers(0, 9),
            st.sampled_from(["ok", "reject", "error", "error_after"]),
            st.booleans(),
        ),
        st.tuples(st.just("end"), st.integers(0, 9), st.sampled_from(["CANCELLED", "EXPIRED"])),
        st.tuples(st.just("foreign")),
        st.tuples(st.just("wait"), st.sampled_from([0.3, 3.0, 31.0])),
        st.tuples(st.just("blind"), st.booleans()),
        st.tuples(st.just("break")),
        st.tuples(st.just("mend")),
        st.tuples(st.just("crash")),
    ),
    max_size=18,
)


class Play:
    """Plays one sequence and remembers what was promised to callers."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.promised: dict[str, Order] = {}
        self.requests: dict[str, str] = {}

    async def do(self, action: tuple[object, ...]) -> None:
        """One action; refusals are part of life."""
        name, *rest = action
        with contextlib.suppress(SaudaError):
            await getattr(self, f"_{name}")(*rest)
        self.stage.broker.script.clear()
        self.stage.broker.modify_script.clear()
        self.stage.broker.cancel_script.clear()

    async def _place(self, instrument, side, lots, fault, number) -> None:  # type: ignore[no-untyped-def]
        stage = self.stage
        stage.broker.script.append(fault)
        price = stage.market.prices[instrument.key]
        body = request(
            instrument,
            side=side,
            quantity=lots * instrument.lot * (10 if instrument.lot == 1 else 1),
            type="LIMIT",
            price=price,
            request_id=f"r{number}" if number else "",
        )
        placed = await stage.finish(stage.service.place(body, actor="owner"))
        order = placed.order
        if body.request_id:
            assert self.requests.setdefault(body.request_id, order.id) == order.id, "one request, one order"
        self.promised[order.id] = order

    def _pick(self, index: int) -> str | None:
        orders = [o.order.id for o in self.stage.broker.book.values() if o.order.id]
        return orders[index % len(orders)] if orders else None

    async def _fill(self, index: int, parts: int, push: bool) -> None:
        order_id = self._pick(index)
        if order_id is None:
            return
        held = self.stage.broker.of(order_id)
        left = held.order.quantity - held.filled
        if held.state in LIVE_STATES and left:
            self.stage.broker.fill(order_id, max(1, left // parts), push=push)
        await self.stage.settle()

    async def _again(self, index: int) -> None:
        broker = self.stage.broker
        if broker.fills:
            broker.push(broker.fills[index % len(broker.fills)])
        if (order_id := self._pick(index)) is not None:
            broker.report(order_id)
        await self.stage.settle()

    async def _cancel(self, index: int, word: str) -> None:
        if (order_id := self._pick(index)) is not None:
            self.stage.broker.cancel_script.append(word)
            await self.stage.finish(self.stage.service.cancel(order_id, actor="owner"))

    async def _modify(self, index: int, word: str, grow: bool) -> None:
        if (order_id := self._pick(index)) is None:
            return
        self.stage.broker.modify_script.append(word)
        order = self.stage.order(order_id)
        if grow:
            change = Change(quantity=order.quantity + stage_lot(self.stage, order))
        else:
            change = Change(price=(order.price or Decimal(100)) + Decimal("0.05"))
        await self.stage.finish(self.stage.service.modify(order_id, change, order.revision, actor="owner"))

    async def _end(self, index: int, state: str) -> None:
        if (order_id := self._pick(index)) is not None and self.stage.broker.of(order_id).state in LIVE_STATES:
            self.stage.broker.end(order_id, state, "by the exchange")  # type: ignore[arg-type]
        await self.stage.settle()

    async def _foreign(self) -> None:
        for held in list(self.stage.broker.book.values())[:1]:
            self.stage.broker.take(msgspec.structs.replace(held.order, id="", type="LIMIT"))

    async def _wait(self, seconds: float) -> None:
        await self.stage.clock.advance(seconds)

    async def _blind(self, on: bool) -> None:
        self.stage.broker.blind = on

    async def _break(self) -> None:
        self.stage.journal.fail = True

    async def _mend(self) -> None:
        self.stage.journal.fail = False
        await self.stage.clock.advance(5)

    async def _crash(self) -> None:
        self.stage.broker.blind = False
        self.stage.journal.fail = False
        await self.stage.restart()

    async def end_well(self) -> None:
        """All faults end; what must hold then, holds."""
        stage = self.stage
        stage.broker.blind = stage.journal.fail = False
        await stage.clock.advance(100)
        await stage.settle()
        await stage.service.reconcile(ACCOUNT.id)
        await stage.settle()
        stage.check_books()
        assert stage.service.desk.halted == ""
        for held in stage.broker.book.values():
            ours = next(o for o in stage.journal.orders.values() if o.broker_id == held.broker_id)
            assert (ours.state, ours.filled) == (held.state, held.filled)
            if ours.state in LIVE_STATES:
                assert (ours.quantity, ours.price) == (held.order.quantity, held.order.price)
            assert ours.origin == ("user" if held.order.id else "external")
        for order_id, told in self.promised.items():
            kept = stage.journal.orders[order_id]
            assert kept.state != "UNKNOWN"
            assert told.state in LIVE_STATES or kept.state == told.state
        positions = {
            (key, product): p.quantity for (_, key, product), p in stage.journal.positions.items() if p.quantity
        }
        assert positions == {place: units for place, units in stage.broker.held.items() if units}
        alive = stage.service.live_orders(ACCOUNT.id)
        reserved = {reference for (_, reference), minor in stage.journal.holds.items() if minor}
        assert reserved <= {o.id for o in alive} | {"positions"}, "no money is held for a finished order"


def stage_lot(stage: Stage, order: Order) -> int:
    """Lot of an order's instrument."""
    return stage.market.listed[order.key].lot


@settings(
    max_examples=3_000 if LONG else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(actions)
def test_order_path_when_anything_happens_then_books_and_broker_agree_in_the_end(
    sequence: list[tuple[object, ...]],
) -> None:
    async def play() -> None:
        async with Stage() as stage:
            player = Play(stage)
            for action in sequence:
                await player.do(action)
            await player.end_well()

    asyncio.run(play())
