"""What can go wrong with a submit, at every point: the order is never there twice, and its fate is told truly."""

import asyncio

import pytest

from server.core.errors import Unavailable
from server.domain.orders import OrderState
from server.orders.inflight import NEVER_ARRIVED
from tests.orders_kit import INFY, Stage, request

IN_DOUBT = ("hang", "hang_after", "error", "error_after", "garbage")
ARRIVED = {"hang": False, "hang_after": True, "error": False, "error_after": True, "garbage": True}


@pytest.mark.parametrize("fault", IN_DOUBT)
async def test_place_when_the_answer_is_lost_then_unknown_and_never_sent_again(fault: str) -> None:
    async with Stage() as stage:
        stage.broker.blind = True
        stage.broker.script.append(fault)
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        assert placed.order.state == "UNKNOWN"
        assert "do not send it again" in placed.order.reason
        await stage.clock.advance(3600)
        assert stage.order(placed.order.id).state == "UNKNOWN", "age proves nothing"
        assert stage.broker.received[placed.order.id] == 1
        stage.check_books()


@pytest.mark.parametrize("fault", IN_DOUBT)
async def test_lookup_when_the_broker_can_be_asked_then_the_order_is_resolved(fault: str) -> None:
    async with Stage() as stage:
        stage.broker.script.append(fault)
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        await stage.finish(stage.clock.sleep(10), 20)
        order = stage.service.desk.working(placed.order.id).order
        events = stage.journal.events(order.id)
        assert events == ["intended", "unknown", "resolved"]
        if ARRIVED[fault]:
            assert (order.state, order.broker_id) == ("OPEN", "B1")
        else:
            assert (order.state, order.reason) == ("REJECTED", NEVER_ARRIVED)
        assert stage.broker.received[order.id] == 1
        stage.check_books()


@pytest.mark.parametrize("fault", IN_DOUBT)
async def test_restart_when_the_answer_was_lost_then_resolved_by_the_same_path(fault: str) -> None:
    async with Stage() as stage:
        stage.broker.blind = True
        stage.broker.script.append(fault)
        placed = await stage.finish(stage.service.place(request(request_id="r1"), actor="owner"))
        stage.broker.blind = False
        await stage.restart()
        await stage.finish(stage.clock.sleep(10), 20)
        again = await stage.finish(stage.service.place(request(request_id="r1"), actor="owner"))
        assert (again.new, again.order.id) == (False, placed.order.id)
        assert again.order.state == ("OPEN" if ARRIVED[fault] else "REJECTED")
        assert sum(stage.broker.received.values()) == 1
        stage.check_books()


@pytest.mark.parametrize("moment", ["before the answer", "after it arrived"])
async def test_crash_when_sending_then_the_order_is_found_or_proved_absent(moment: str) -> None:
    async with Stage() as stage:
        stage.broker.script.append("hang_after" if moment == "after it arrived" else "hang")
        sending = asyncio.ensure_future(stage.service.place(request(request_id="r1"), actor="owner"))
        await stage.settle()
        sending.cancel()
        assert [o.state for o in stage.journal.orders.values()] == ["SUBMITTING"]
        await stage.restart()
        await stage.finish(stage.clock.sleep(10), 20)
        (order,) = stage.journal.orders.values()
        assert order.state == ("OPEN" if moment == "after it arrived" else "REJECTED")
        assert stage.journal.events(order.id) == ["intended", "unknown", "resolved"]
        stage.check_books()


async def test_lookup_when_a_slow_request_is_still_on_its_way_then_absence_proves_nothing_yet() -> None:
    async with Stage() as stage:
        stage.broker.script.append("hang")
        placed = await stage.finish(stage.service.place(request(), actor="owner"), 4)
        await stage.clock.advance(1.0)
        assert stage.order(placed.order.id).state == "UNKNOWN"
        stage.broker.take(placed.order)  # it arrives after the first look-up said "not here"
        await stage.finish(stage.clock.sleep(10), 20)
        assert stage.order(placed.order.id).state == "OPEN"


async def test_lookup_when_the_broker_cannot_prove_absence_then_unknown_stays() -> None:
    async with Stage(can_look_up=False) as stage:
        stage.broker.script.append("error")
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        await stage.clock.advance(600)
        assert stage.order(placed.order.id).state == "UNKNOWN"
        assert stage.ledger.held("paper-sim", "positions") == 500_000, "it still counts against margin"
        stage.check_books()


async def test_reconcile_when_the_broker_keeps_no_tag_then_matched_by_time_symbol_side_quantity() -> None:
    async with Stage(can_look_up=False) as stage:
        stage.broker.tags = False
        stage.broker.script.append("error_after")
        placed = await stage.finish(stage.service.place(request(type="LIMIT", price="2490.00"), actor="owner"))
        assert placed.order.state == "UNKNOWN"
        await stage.service.reconcile("paper-sim")
        await stage.settle()
        order = stage.order(placed.order.id)
        assert (order.state, order.broker_id) == ("OPEN", "B1")
        stage.broker.fill(order.id)
        await stage.settle()
        assert stage.order(placed.order.id).state == "FILLED"
        assert len(stage.journal.orders) == 1, "not shown as EXTERNAL as well"
        stage.check_books()


async def test_reconcile_when_two_lost_orders_look_alike_then_both_stay_unknown() -> None:
    async with Stage(can_look_up=False) as stage:
        stage.broker.tags = False
        stage.broker.script.extend(["error_after", "error"])
        body = request(type="LIMIT", price="2490.00")
        await stage.finish(asyncio.gather(*(stage.service.place(body, actor="owner") for _ in range(2))))
        await stage.service.reconcile("paper-sim")
        await stage.settle()
        states = sorted(o.state for o in stage.journal.orders.values() if o.origin == "user")
        assert states == ["UNKNOWN", "UNKNOWN"], "one of the two arrived, and nothing says which"


async def test_place_when_the_intent_cannot_be_written_then_nothing_is_sent() -> None:
    async with Stage() as stage:
        stage.journal.fail = True
        with pytest.raises(Unavailable):
            await stage.finish(stage.service.place(request(request_id="r1"), actor="owner"))
        assert not stage.broker.received
        assert "Trading is halted" in stage.notices()[0]
        stage.journal.fail = False
        await stage.finish(stage.clock.sleep(5), 10)
        placed = await stage.finish(stage.service.place(request(request_id="r1"), actor="owner"))
        assert placed.new
        assert placed.order.state == "OPEN"
        stage.check_books()


@pytest.mark.parametrize(
    ("word", "state"), [("ok", "OPEN"), ("fill", "FILLED"), ("error", "REJECTED"), ("reject", "REJECTED")]
)
async def test_place_when_the_disk_breaks_after_sending_then_unknown_halted_and_later_true(
    word: str, state: OrderState
) -> None:
    async with Stage() as stage:
        stage.journal.fail_after = 1  # the intent is written, what follows is not
        stage.broker.script.append(word)
        placed = await stage.finish(stage.service.place(request(), actor="owner"), 1)
        assert placed.order.state == "UNKNOWN"
        with pytest.raises(Unavailable):
            await stage.finish(stage.service.place(request(INFY), actor="owner"), 1)
        assert stage.journal.orders[placed.order.id].state == "SUBMITTING", "nothing half-written"
        stage.journal.fail = False
        await stage.finish(stage.clock.sleep(10), 20)
        assert stage.order(placed.order.id).state == state
        assert stage.notices()[-1] == "The journal can be written again. Trading resumes."
        assert stage.broker.received[placed.order.id] == 1
        stage.check_books()


@pytest.mark.parametrize("commits", range(1, 9))
async def test_orders_when_the_disk_breaks_at_any_commit_then_memory_and_disk_agree_afterwards(commits: int) -> None:
    async with Stage() as stage:
        stage.journal.fail_after = commits
        stage.broker.script.extend(["fill", "ok", "update_first", "fill"])
        for number in range(4):
            try:
                await stage.finish(stage.service.place(request(request_id=f"r{number}"), actor="owner"), 1)
            except Unavailable:
                break
        await stage.settle()
        stage.journal.fail_after, stage.journal.fail = None, False
        await stage.finish(stage.clock.sleep(10), 20)
        assert stage.service.desk.halted == ""
        stage.check_books()
        assert stage.position().quantity == sum(stage.broker.held.values())
        before = dict(stage.journal.orders)
        await stage.restart()
        assert stage.journal.orders.keys() == before.keys()
        stage.check_books()
