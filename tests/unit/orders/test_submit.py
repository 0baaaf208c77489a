"""Placing: money held, request ids, callers that go away, updates that overtake the answer."""

import asyncio

import pytest

from server.core.errors import Denied, Unavailable
from server.orders.settings import OrderSettings
from tests.orders_kit import ACCOUNT, CALL, Stage, request


async def test_place_when_accepted_then_margin_and_charges_are_held_until_it_ends() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        charges = stage.ledger.held(ACCOUNT.id, placed.order.id)
        assert stage.ledger.held(ACCOUNT.id, "positions") == 500_000
        assert 0 < charges < 5_000
        assert stage.service.funds(ACCOUNT.id).free_minor == 50_000_000 - 500_000 - charges
        await stage.finish(stage.service.cancel(placed.order.id, actor="owner"))
        assert stage.ledger.holds(ACCOUNT.id) == {}
        stage.check_books()


async def test_place_when_an_option_is_bought_then_its_premium_is_held_and_then_paid() -> None:
    async with Stage() as stage:
        body = request(CALL, type="LIMIT", price="150.00", product="NRML")
        placed = await stage.finish(stage.service.place(body, actor="owner"))
        held = stage.ledger.held(ACCOUNT.id, placed.order.id)
        assert 65 * 15_000 < held < 65 * 15_000 + 5_000
        stage.broker.fill(placed.order.id, price="149.50")
        await stage.settle()
        assert stage.ledger.holds(ACCOUNT.id) == {}
        assert stage.ledger.balances(ACCOUNT.id)["positions"] == 65 * 14_950
        stage.check_books()


async def test_place_when_half_filled_then_half_of_the_premium_stays_held() -> None:
    async with Stage() as stage:
        body = request(CALL, quantity=130, type="LIMIT", price="150.00", product="NRML")
        placed = await stage.finish(stage.service.place(body, actor="owner"))
        whole = stage.ledger.held(ACCOUNT.id, placed.order.id)
        stage.broker.fill(placed.order.id, 65)
        await stage.settle()
        assert abs(stage.ledger.held(ACCOUNT.id, placed.order.id) - whole // 2) <= 1
        stage.check_books()


@pytest.mark.parametrize("word", ["reject", "error"])
async def test_place_when_it_is_refused_with_proof_then_what_was_held_is_free_again(word: str) -> None:
    async with Stage() as stage:
        stage.broker.script.append(word)
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        await stage.finish(stage.clock.sleep(10), 20)
        assert stage.order(placed.order.id).state == "REJECTED"
        assert stage.ledger.holds(ACCOUNT.id) == {}
        stage.check_books()


async def test_place_when_rejected_then_the_brokers_reason_is_told() -> None:
    async with Stage() as stage:
        stage.broker.script.append("reject")
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        assert (placed.order.state, placed.order.reason) == ("REJECTED", "RMS: margin exceeds")


async def test_place_when_money_runs_out_then_denied_with_numbers_and_nothing_held() -> None:
    async with Stage() as stage:
        await stage.finish(stage.service.place(request(quantity=900), actor="owner"))
        before = stage.ledger.holds(ACCOUNT.id)
        with pytest.raises(Denied) as refused:
            await stage.finish(stage.service.place(request(quantity=200), actor="owner"))
        assert refused.value.code == "risk.funds"
        assert refused.value.remedy.startswith("Use a smaller quantity, or free Rs ")
        assert stage.ledger.holds(ACCOUNT.id) == before


async def test_place_when_the_same_request_comes_at_the_same_time_then_one_order() -> None:
    async with Stage() as stage:
        body = request(request_id="tap")
        answers = await stage.finish(asyncio.gather(*(stage.service.place(body, actor="owner") for _ in range(5))))
        assert len({a.order.id for a in answers}) == 1
        assert [a.new for a in answers].count(True) == 1
        assert stage.broker.received.total() == 1


async def test_place_when_the_same_request_was_denied_at_the_same_time_then_all_hear_it() -> None:
    async with Stage() as stage:
        body = request(request_id="tap", quantity=500_000)
        answers = await stage.finish(
            asyncio.gather(*(stage.service.place(body, actor="owner") for _ in range(3)), return_exceptions=True)
        )
        assert [getattr(a, "code", "") for a in answers] == ["risk.order_quantity"] * 3
        # a refusal is no order: the same request may be tried again
        smaller = request(request_id="tap", quantity=5)
        assert (await stage.finish(stage.service.place(smaller, actor="owner"))).new


async def test_place_when_the_order_left_memory_then_the_request_is_found_on_disk() -> None:
    async with Stage(settings=OrderSettings(keep_done=100)) as stage:
        stage.broker.script.append("reject")
        first = await stage.finish(stage.service.place(request(request_id="old"), actor="owner"))
        for number in range(101):
            stage.broker.script.append("reject")
            await stage.finish(stage.service.place(request(request_id=f"n{number}"), actor="owner"))
        assert stage.service.desk.book.get(first.order.id) is None
        again = await stage.finish(stage.service.place(request(request_id="old"), actor="owner"))
        assert (again.new, again.order) == (False, first.order)
        await stage.restart()
        after = await stage.finish(stage.service.place(request(request_id="old"), actor="owner"))
        assert (after.new, after.order.id) == (False, first.order.id)


async def test_place_when_the_caller_goes_away_then_the_order_is_finished_all_the_same() -> None:
    async with Stage() as stage:
        task = asyncio.ensure_future(stage.service.place(request(), actor="owner"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await stage.settle()
        (order,) = stage.journal.orders.values()
        assert order.state == "OPEN"
        stage.check_books()


async def test_place_when_the_fill_comes_before_the_answer_then_both_are_right() -> None:
    async with Stage() as stage:
        stage.broker.script.append("update_first")
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        assert (placed.order.state, placed.order.filled, placed.order.broker_id) == ("FILLED", 10, "B1")
        assert stage.journal.orders[placed.order.id] == placed.order
        stage.check_books()


async def test_place_when_from_outside_then_origin_and_parent_are_not_believed() -> None:
    async with Stage() as stage:
        await stage.finish(stage.service.kill.engage("stop", flatten=False, actor="owner"))
        with pytest.raises(Denied):
            await stage.finish(stage.service.place(request(origin="kill", parent="x"), actor="system"))
        await stage.finish(stage.service.kill.release("go", actor="owner"))
        placed = await stage.finish(stage.service.place(request(origin="settlement", parent="x"), actor="owner"))
        assert (placed.order.origin, placed.order.parent) == ("user", "")
        assert (await stage.finish(stage.service.place(request(origin="api"), actor="api:1"))).order.origin == "api"


async def test_place_when_the_kill_switch_falls_between_intent_and_sending_then_not_sent() -> None:
    async with Stage() as stage:
        task = asyncio.ensure_future(stage.service.place(request(), actor="owner"))
        for _ in range(2):  # the intent is on its way to the disk
            await asyncio.sleep(0)
        assert [o.state for o in stage.service.live_orders()] == ["SUBMITTING"]
        assert not stage.journal.orders
        killed = asyncio.ensure_future(stage.service.kill.engage("now", flatten=False, actor="owner"))
        placed = await stage.finish(task)
        result = await stage.finish(killed)
        assert placed.order.state == "REJECTED"
        assert "kill switch" in placed.order.reason
        assert not stage.broker.received
        assert result.cancelled == [placed.order.id]
        stage.check_books()


async def test_place_when_the_broker_is_not_connected_then_unavailable_and_nothing_kept() -> None:
    async with Stage() as stage:
        stage.broker.cut()
        await stage.settle()
        with pytest.raises(Unavailable) as error:
            await stage.finish(stage.service.place(request(), actor="owner"), 1)
        assert error.value.code == "broker.not_connected"
        assert not stage.journal.orders


async def test_place_when_too_fast_then_denied_not_queued() -> None:
    async with Stage() as stage:
        await stage.finish(stage.service.set_limits(ACCOUNT.id, {"orders_per_second": 10.0}, actor="owner"))
        bodies = [request(tag=str(n)) for n in range(13)]
        answers = await stage.finish(
            asyncio.gather(*(stage.service.place(b, actor="owner") for b in bodies), return_exceptions=True), 0.1
        )
        refused = [a for a in answers if isinstance(a, Denied)]
        assert (len(refused), {r.code for r in refused}) == (3, {"risk.order_rate"})
        await stage.clock.advance(0.2)
        assert (await stage.finish(stage.service.place(request(), actor="owner"))).order.state == "OPEN"


async def test_place_when_events_are_heard_then_they_are_on_disk_already() -> None:
    async with Stage() as stage:
        seen: list[tuple[str, bool]] = []

        def hear(event: object) -> None:
            order = getattr(event, "order", None)
            if order is not None:
                seen.append((order.state, stage.journal.orders.get(order.id) == order))

        stage.bus.subscribe(object, hear)
        placed = await stage.finish(stage.service.place(request(), actor="owner", correlation="c-1"))
        stage.broker.fill(placed.order.id)
        await stage.settle()
        assert seen == [("SUBMITTING", True), ("OPEN", True), ("FILLED", True)]
        assert {e.correlation for e in stage.journal.entries if e.subject == placed.order.id} == {"c-1"}
        assert str(placed.order.reference) == "2500.05", "the ask at arrival"
