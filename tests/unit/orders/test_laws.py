"""The twelve laws of the order path (DESIGN §3), one test each, as far as the order path keeps them."""

import asyncio

import msgspec
import pytest

from server.core.errors import Denied, Fault, Unavailable
from server.domain.journal import FillApplied
from server.domain.orders import Order
from server.orders.ports import Ack
from tests.orders_kit import ACCOUNT, INFY, RELIANCE, FakeBroker, Stage, request


async def test_law_01_intent_first_when_sent_then_the_intent_is_on_disk_before() -> None:
    async with Stage() as stage:
        seen: list[tuple[str, str]] = []
        send = stage.broker.place

        async def place(order: Order) -> Ack:
            seen.append((order.id, stage.journal.orders[order.id].state))
            return await send(order)

        stage.broker.place = place  # type: ignore[method-assign]
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        assert seen == [(placed.order.id, "SUBMITTING")]


@pytest.mark.parametrize("fault", ["hang_after", "error_after", "garbage", "error", "hang"])
async def test_law_02_never_twice_when_the_answer_is_lost_then_looked_up_not_sent(fault: str) -> None:
    async with Stage() as stage:
        stage.broker.script.append(fault)
        await stage.finish(stage.service.place(request(request_id="same"), actor="owner"))
        await asyncio.gather(
            *(stage.finish(stage.service.place(request(request_id="same"), actor="api")) for _ in "ab")
        )
        await stage.restart()
        await stage.finish(stage.service.place(request(request_id="same"), actor="owner"))
        await stage.finish(stage.clock.sleep(60), 70)
        assert sum(stage.broker.received.values()) == 1
        assert len(stage.journal.orders) == 1


async def test_law_03_reject_on_proof_only_when_in_doubt_then_shown_counted_and_twins_refused() -> None:
    async with Stage() as stage:
        stage.broker.blind = True
        stage.broker.script.append("error")
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        assert stage.service.live_orders() == [placed.order]
        assert stage.service.risk_view(ACCOUNT.id).used["unknown_orders"] == "1"
        assert stage.ledger.held(ACCOUNT.id, "positions") == 500_000
        with pytest.raises(Denied) as refused:
            await stage.finish(stage.service.place(request(), actor="owner"))
        assert refused.value.code == "order.unknown_twin"
        assert (await stage.finish(stage.service.place(request(quantity=11), actor="owner"))).order.state == "OPEN"
        await stage.clock.advance(7200)
        assert stage.order(placed.order.id).state == "UNKNOWN"


async def test_law_04_five_outcomes_when_submitted_then_each_has_its_own_event() -> None:
    async with Stage() as stage:
        events: dict[str, list[str]] = {}
        for word in ("ok", "reject", "error_after"):
            stage.broker.script.append(word)
            placed = await stage.finish(stage.service.place(request(tag=word), actor="owner"))
            await stage.finish(stage.clock.sleep(10), 20)
            events[word] = stage.journal.events(placed.order.id)
        with pytest.raises(Denied):
            await stage.finish(stage.service.place(request(quantity=90_000_000), actor="owner"))
        assert events == {
            "ok": ["intended", "accepted"],
            "reject": ["intended", "rejected"],
            "error_after": ["intended", "unknown", "resolved"],
        }
        assert len(stage.journal.noted("order.refused")) == 1
        assert len(stage.journal.orders) == 3


async def test_law_05_fill_identity_when_a_fill_comes_twice_late_or_out_of_order_then_nothing_changes() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(quantity=30), actor="owner"))
        fills = [stage.broker.fill(placed.order.id, 10, f"250{n}.00", push=False) for n in range(3)]
        for fill in [fills[2], fills[0], fills[2], fills[1], fills[0], fills[1]]:
            stage.broker.push(fill)
        await stage.settle()
        order = stage.order(placed.order.id)
        assert (order.state, order.filled, str(order.average)) == ("FILLED", 30, "2501.0000")
        assert (stage.position().quantity, len(stage.journal.fills)) == (30, 3)
        await stage.restart()  # the broker tells all its trades again
        assert (stage.position().quantity, len(stage.journal.fills)) == (30, 3)
        stage.check_books()


async def test_law_06_one_transaction_when_filled_then_all_of_it_is_one_entry_or_nothing() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        stage.journal.fail = True
        stage.broker.fill(placed.order.id)
        await stage.settle()
        assert stage.journal.orders[placed.order.id].state == "OPEN"
        assert not stage.journal.fills
        assert not stage.journal.positions
        stage.journal.fail = False
        await stage.finish(stage.clock.sleep(10), 20)
        (entry,) = [e for e in stage.journal.entries if isinstance(e.payload, FillApplied)]
        assert isinstance(entry.payload, FillApplied)
        assert (entry.payload.order.state, entry.payload.position.quantity) == ("FILLED", 10)
        assert sum(p.minor for p in entry.payload.postings) == 0
        assert entry.correlation == placed.order.id
        stage.check_books()


async def test_law_07_every_connect_reconciles_when_fills_and_foreign_orders_were_missed_then_found() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        await stage.stop()
        stage.broker.fill(placed.order.id, push=False)
        foreign = msgspec.structs.replace(placed.order, id="", key=INFY.key)
        stage.broker.take(foreign)
        await stage.start()
        assert stage.order(placed.order.id).state == "FILLED"
        external = next(o for o in stage.journal.orders.values() if o.key == INFY.key)
        assert (external.origin, external.state, external.broker_id) == ("external", "OPEN", "B2")
        assert any("EXTERNAL" in text for text in stage.notices())
        # and the slow poll runs while the stream looks healthy
        late = await stage.finish(stage.service.place(request(quantity=5), actor="owner"))
        stage.broker.fill(late.order.id, push=False)
        await stage.finish(stage.clock.sleep(31), 40)
        assert stage.order(late.order.id).state == "FILLED"
        stage.check_books()


async def test_law_08_risk_is_asked_last_and_once_when_restarted_then_limits_and_kill_switch_hold() -> None:
    async with Stage() as stage:
        await stage.finish(stage.service.set_limits(ACCOUNT.id, {"order_quantity": 7}, actor="owner"))
        await stage.service.watch_once()
        await stage.finish(stage.service.kill.engage("enough", flatten=False, actor="owner"))
        start = stage.service.risk.of(ACCOUNT.id).day_start
        assert start is not None
        await stage.stop()
        connected: list[bool] = []
        connect = stage.broker.connect

        async def watched() -> None:
            connected.append(stage.service.risk.kill.engaged)
            await connect()

        stage._make()
        stage.broker.connect = watched  # type: ignore[method-assign]
        await stage.start()
        assert connected == [True], "loaded before the broker connects"
        assert stage.service.risk.of(ACCOUNT.id).limits.order_quantity == 7
        assert stage.service.risk.of(ACCOUNT.id).day_start == start
        with pytest.raises(Denied) as refused:
            await stage.finish(stage.service.place(request(), actor="owner"))
        assert refused.value.code == "risk.kill_switch"
        await stage.finish(stage.service.kill.release("rested", actor="owner"))
        with pytest.raises(Denied) as limited:
            await stage.finish(stage.service.place(request(), actor="owner"))
        assert limited.value.code == "risk.order_quantity"


async def test_law_09_journal_fails_then_trading_halts_and_reading_goes_on() -> None:
    async with Stage() as stage:
        working = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        stage.journal.fail = True
        with pytest.raises(Unavailable):
            await stage.finish(stage.service.place(request(INFY), actor="owner"), 1)
        assert stage.service.risk_view(ACCOUNT.id).state == "HALTED"
        assert [o.id for o in stage.service.live_orders()] == [working.order.id]
        assert stage.service.funds(ACCOUNT.id).free_minor > 0
        with pytest.raises(Unavailable):
            await stage.finish(stage.service.place(request(INFY), actor="owner"), 1)
        assert stage.broker.received.total() == 1
        await stage.finish(stage.service.cancel(working.order.id, actor="owner"), 3)
        assert stage.broker.of(working.order.id).state == "CANCELLED", "taking risk off still works"
        stage.journal.fail = False
        await stage.finish(stage.clock.sleep(10), 20)
        assert stage.order(working.order.id).state == "CANCELLED"
        stage.check_books()


async def test_law_10_paper_or_live_when_wired_to_another_broker_then_refused_and_printed_on_the_order() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        assert (placed.order.mode, placed.order.broker, placed.order.market) == ("PAPER", "fake", "sim")
        wrong = FakeBroker(stage.clock, stage.market)
        wrong.name = "zerodha"
        stage.service.desk.executions[ACCOUNT.id] = wrong  # type: ignore[index]
        with pytest.raises(Fault):
            await stage.finish(stage.service.place(request(), actor="owner"))
        assert not wrong.received


async def test_law_11_freshness_when_the_price_is_old_then_market_refused_and_limit_said() -> None:
    async with Stage() as stage:
        stage.market.ages[RELIANCE.key] = 42.0
        with pytest.raises(Denied) as refused:
            await stage.finish(stage.service.place(request(), actor="owner"))
        assert (refused.value.code, refused.value.value) == ("risk.stale_price", "42.0")
        assert (await stage.finish(stage.service.place(request(INFY), actor="owner"))).order.state == "OPEN"
        placed = await stage.finish(stage.service.place(request(type="LIMIT", price="2500.00"), actor="owner"))
        assert placed.order.state == "OPEN"
        assert any("the last price is 42 s old" in text for text in stage.notices())


async def test_law_12_commands_before_ticks_when_updates_burst_then_a_cancel_is_not_delayed() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        report = stage.broker.report(placed.order.id)
        await stage.settle()
        for _ in range(20_000):
            stage.broker.push(report)
        left: list[int] = []
        sent_off = asyncio.Event()
        cancel = stage.broker.cancel

        async def sent(order: Order) -> Ack:
            left.append(stage.broker.waiting)
            sent_off.set()
            return await cancel(order)

        stage.broker.cancel = sent  # type: ignore[method-assign]
        task = asyncio.ensure_future(stage.service.cancel(placed.order.id, actor="owner"))
        await sent_off.wait()
        assert left[0] > 19_000, "the cancel went out while the burst was still waiting"
        assert (await stage.finish(task)).state == "CANCELLED"
