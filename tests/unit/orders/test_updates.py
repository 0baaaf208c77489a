"""Reports and fills: duplicates, old news, overfills, strangers."""

from typing import Any

import msgspec

from server.domain.orders import Order
from tests.orders_kit import ACCOUNT, CALL, INFY, RELIANCE, Stage, request
from tests.trading import fill as a_fill
from tests.trading import ist


async def open_order(stage: Stage, **changes: Any) -> Order:
    """A working limit order."""
    body = request(**{"type": "LIMIT", "price": "2400.00", **changes})
    placed = await stage.finish(stage.service.place(body, actor="owner"))
    order: Order = placed.order
    return order


async def test_report_when_it_repeats_then_nothing_is_written() -> None:
    async with Stage() as stage:
        order = await open_order(stage)
        before = len(stage.journal.entries)
        for _ in range(3):
            stage.broker.report(order.id)
        await stage.settle()
        assert len(stage.journal.entries) == before


async def test_report_when_it_is_old_then_it_takes_nothing_back() -> None:
    async with Stage() as stage:
        order = await open_order(stage)
        old = stage.broker.report(order.id)
        await stage.clock.advance(1)
        held = stage.broker.of(order.id)
        held.order = msgspec.structs.replace(held.order, quantity=20)
        held.at = stage.market.now()
        stage.broker.report(order.id)
        await stage.settle()
        assert stage.order(order.id).quantity == 20
        stage.broker.push(old)
        await stage.settle()
        assert stage.order(order.id).quantity == 20
        stage.broker.end(order.id, "EXPIRED", "Day over")
        stage.broker.push(old)
        await stage.settle()
        assert (stage.order(order.id).state, stage.order(order.id).reason) == ("EXPIRED", "Day over")


async def test_report_when_the_stop_triggers_then_triggered_is_kept() -> None:
    async with Stage() as stage:
        order = await open_order(stage, type="SL", price="2515.00", trigger="2510.00")
        held = stage.broker.of(order.id)
        held.triggered = True
        view = stage.broker._view(held)
        # a triggered stop works as a plain limit order over there: that is no change of ours
        stage.broker.push(msgspec.structs.replace(view, type="LIMIT", trigger=None))
        await stage.settle()
        after = stage.order(order.id)
        assert (after.triggered, after.type, after.revision) == (True, "SL", 0)
        assert stage.journal.events(order.id)[-1] == "triggered"


async def test_report_when_a_market_order_is_shown_with_a_price_then_it_stays_a_market_order() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        view = stage.broker._view(stage.broker.of(placed.order.id))
        stage.broker.push(msgspec.structs.replace(view, type="LIMIT", price=stage.market.prices[RELIANCE.key]))
        await stage.settle()
        assert stage.order(placed.order.id) == placed.order


async def test_report_when_filled_but_no_fill_came_then_the_slow_poll_brings_it() -> None:
    async with Stage() as stage:
        order = await open_order(stage)
        stage.broker.fill(order.id, push=False)
        stage.broker.report(order.id)
        await stage.settle()
        assert stage.order(order.id).state == "OPEN", "only a fill fills"
        await stage.clock.advance(31)
        assert stage.order(order.id).state == "FILLED"


async def test_report_when_a_rejected_order_is_shown_as_working_then_it_is_shouted() -> None:
    async with Stage() as stage:
        stage.broker.script.append("reject")
        placed = await stage.finish(stage.service.place(request(), actor="owner"))
        stage.broker.take(placed.order)
        stage.broker.report(placed.order.id)
        await stage.settle()
        assert stage.order(placed.order.id).state == "REJECTED"
        assert any("Cancel it at the broker" in text for text in stage.notices())
        stage.broker.fill(placed.order.id, 4)
        await stage.settle()
        assert (stage.order(placed.order.id).state, stage.position().quantity) == ("PARTIAL", 4)
        assert any("had been reported as rejected. It is applied." in text for text in stage.notices())
        stage.check_books()


async def test_fill_when_more_comes_than_was_ordered_then_applied_and_shouted() -> None:
    async with Stage() as stage:
        order = await open_order(stage)
        stage.broker.fill(order.id)
        stage.broker.fill(order.id, 3)
        await stage.settle()
        assert (stage.order(order.id).filled, stage.position().quantity) == (13, 13)
        assert any(text.startswith("Overfill: 13 filled of 10") for text in stage.notices())
        stage.check_books()


async def test_fill_when_it_does_not_fit_its_order_then_refused_and_said() -> None:
    async with Stage() as stage:
        order = await open_order(stage)
        stage.broker.push(a_fill(INFY.key, "BUY", 10, "1500", order=order.id))
        await stage.settle()
        assert stage.order(order.id).filled == 0
        assert any("does not fit order" in text for text in stage.notices())


async def test_fill_when_the_order_left_memory_then_it_is_found_on_disk() -> None:
    async with Stage() as stage:
        order = await open_order(stage)
        stage.broker.fill(order.id, 4)
        stage.broker.end(order.id, "CANCELLED")
        await stage.settle()
        late = stage.broker.fill(order.id, 3, "2399.00", push=False)
        stage.broker.fills.clear()
        stage.broker.book.clear()
        await stage.restart()
        assert stage.service.desk.book.get(order.id) is None
        stage.broker.push(late)
        await stage.settle()
        kept = stage.journal.orders[order.id]
        assert (kept.state, kept.filled, str(kept.average)) == ("CANCELLED", 7, "2456.7143")
        stage.check_books()


async def test_fill_when_it_names_no_order_then_shown_as_external() -> None:
    async with Stage() as stage:
        stage.broker.push(a_fill(INFY.key, "BUY", 5, "1500", order="THEIRS-1", execution="E1"))
        stage.broker.push(a_fill(INFY.key, "BUY", 5, "1500", order="THEIRS-1", execution="E1"))
        await stage.settle()
        (order,) = stage.journal.orders.values()
        assert (order.origin, order.product, order.state, order.filled) == ("external", "CNC", "FILLED", 5)
        assert stage.ledger.position(ACCOUNT.id, INFY.key, "CNC").quantity == 5
        assert any("Sauda did not send" in text for text in stage.notices())
        stage.check_books()


async def test_fill_when_a_position_is_settled_then_that_position_is_closed() -> None:
    async with Stage() as stage:
        for product, quantity in (("MIS", 65), ("NRML", 130)):
            body = request(CALL, quantity=quantity, product=product)
            placed = await stage.finish(stage.service.place(body, actor="owner"))
            stage.broker.fill(placed.order.id)
            await stage.settle()
        settled = a_fill(CALL.key, "SELL", 130, "210.40", execution="S1", at=ist("15:30"), settled=True)
        stage.broker.push(msgspec.structs.replace(settled, order=""))
        await stage.settle()
        assert stage.position(CALL, "NRML").quantity == 0
        assert stage.position(CALL, "MIS").quantity == 65
        assert [o.state for o in stage.journal.orders.values() if o.origin == "settlement"] == ["FILLED"]
        stage.check_books()


async def test_fill_when_the_market_does_not_have_it_then_said_and_not_applied() -> None:
    async with Stage() as stage:
        stage.broker.push(a_fill("NSE:GONE", "BUY", 5, "10", order="THEIRS-1"))
        await stage.settle()
        assert not stage.journal.fills
        assert any("which this market does not have" in text for text in stage.notices())


async def test_fill_when_it_makes_no_sense_then_said_and_reconciling_goes_on() -> None:
    async with Stage() as stage:
        order = await open_order(stage)
        stage.broker.fills.append(a_fill(RELIANCE.key, "BUY", 0, "2400", order=order.id))
        stage.broker.fill(order.id, push=False)
        found = await stage.finish(stage.service.reconcile(ACCOUNT.id))
        assert found.fills == 1
        assert stage.order(order.id).state == "FILLED"
        assert any("makes no sense: 0 at 2400" in text for text in stage.notices())
