"""Cancelling, and its races with fills and silence."""

import asyncio
from typing import Any

import pytest

from server.core.errors import Conflict, NotFound, Unknown
from server.domain.orders import Order
from tests.orders_kit import ACCOUNT, INFY, Stage, request


async def working(stage: Stage, **changes: Any) -> Order:
    """A working limit order."""
    placed = await stage.finish(
        stage.service.place(request(**{"type": "LIMIT", "price": "2400.00", **changes}), actor="owner")
    )
    order: Order = placed.order
    return order


async def test_cancel_when_working_then_cancelled_on_disk_and_money_free() -> None:
    async with Stage() as stage:
        order = await working(stage)
        done = await stage.finish(stage.service.cancel(order.id, actor="owner"))
        assert (done.state, done.reason) == ("CANCELLED", "Cancelled by user")
        assert stage.journal.orders[order.id] == done
        assert stage.journal.noted("order.cancel_asked") == [{"order": order.id}]
        assert stage.ledger.holds(ACCOUNT.id) == {}


async def test_cancel_when_partly_filled_then_the_filled_part_stands() -> None:
    async with Stage() as stage:
        order = await working(stage)
        stage.broker.fill(order.id, 4)
        await stage.settle()
        done = await stage.finish(stage.service.cancel(order.id, actor="owner"))
        assert (done.state, done.filled, stage.position().quantity) == ("CANCELLED", 4, 4)
        stage.check_books()


async def test_cancel_when_a_fill_is_quicker_then_too_late_and_filled() -> None:
    async with Stage() as stage:
        order = await working(stage)
        stage.broker.cancel_script.append("fill_first")
        with pytest.raises(Conflict) as error:
            await stage.finish(stage.service.cancel(order.id, actor="owner"))
            await stage.settle()
        await stage.settle()
        assert error.value.code in ("order.finished", "order.cancel_refused")
        assert stage.order(order.id).state == "FILLED"
        stage.check_books()


async def test_cancel_when_the_fill_comes_after_the_cancel_then_it_is_applied() -> None:
    async with Stage() as stage:
        order = await working(stage)
        fill = stage.broker.fill(order.id, 6, push=False)
        stage.broker.end(order.id, "CANCELLED")
        await stage.settle()
        assert stage.order(order.id).state == "CANCELLED"
        stage.broker.push(fill)
        await stage.settle()
        late = stage.order(order.id)
        assert (late.state, late.filled, stage.position().quantity) == ("CANCELLED", 6, 6)
        stage.check_books()


async def test_cancel_when_the_line_breaks_then_unknown_and_may_be_tried_again() -> None:
    async with Stage() as stage:
        order = await working(stage)
        stage.broker.cancel_script.append("error")
        with pytest.raises(Unknown) as error:
            await stage.finish(stage.service.cancel(order.id, actor="owner"))
        assert error.value.remedy == "Try again; cancelling twice does no harm."
        assert stage.order(order.id).state == "OPEN"
        assert (await stage.finish(stage.service.cancel(order.id, actor="owner"))).state == "CANCELLED"


async def test_cancel_when_the_broker_keeps_silent_then_answers_open_after_a_short_wait() -> None:
    async with Stage() as stage:
        order = await working(stage)
        stage.broker.cancel_script.append("silent")
        assert (await stage.finish(stage.service.cancel(order.id, actor="owner"))).state == "OPEN"


async def test_cancel_when_finished_or_absent_then_conflict_or_not_found() -> None:
    async with Stage() as stage:
        with pytest.raises(NotFound):
            await stage.finish(stage.service.cancel("nope", actor="owner"))
        order = await working(stage)
        stage.broker.fill(order.id)
        await stage.settle()
        with pytest.raises(Conflict) as error:
            await stage.finish(stage.service.cancel(order.id, actor="owner"))
        assert (error.value.detail, error.value.value) == ("Too late: it is filled.", "FILLED")


async def test_cancel_when_the_order_is_in_doubt_then_it_is_looked_up_first() -> None:
    async with Stage() as stage:
        stage.broker.script.append("error_after")
        order = await working(stage)
        assert order.state == "UNKNOWN"
        done = await stage.finish(stage.service.cancel(order.id, actor="owner"))
        assert done.state == "CANCELLED"
        stage.broker.blind = True
        stage.broker.script.append("error_after")
        second = await working(stage, quantity=7)
        with pytest.raises(Unknown) as error:
            await stage.finish(stage.service.cancel(second.id, actor="owner"))
        assert error.value.code == "order.unknown"


async def test_cancel_when_the_submit_is_still_on_its_way_then_it_waits_for_the_answer() -> None:
    async with Stage() as stage:
        task = asyncio.ensure_future(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        (order,) = stage.service.live_orders()
        assert order.state == "SUBMITTING"
        cancelled = await stage.finish(stage.service.cancel(order.id, actor="owner"))
        assert cancelled.state == "CANCELLED"
        assert (await task).order.id == order.id


async def test_cancel_all_when_several_work_then_told_which_are_gone_and_which_not() -> None:
    async with Stage() as stage:
        one, two = await working(stage), await working(stage, key=INFY.key, price="1400.00")
        stage.broker.cancel_script.extend(["ok", "silent"])
        gone, left = await stage.finish(stage.service.cancel_all(ACCOUNT.id, actor="owner"))
        assert (gone, left) == ([one.id], [two.id])
