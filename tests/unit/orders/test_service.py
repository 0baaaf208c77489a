"""Money, limits, state and days, through the front."""

import asyncio

import pytest

from server.core.errors import Denied, Invalid, NotFound, Unavailable
from tests.orders_kit import ACCOUNT, CALL, RELIANCE, Stage, request
from tests.trading import DAY, ist


async def test_exit_when_a_position_is_open_then_closed_by_a_market_order() -> None:
    async with Stage() as stage:
        stage.broker.script.extend(["fill", "fill"])
        await stage.finish(stage.service.place(request(side="SELL"), actor="owner"))
        await stage.settle()
        placed = await stage.finish(stage.service.exit_position(ACCOUNT.id, RELIANCE.key, "MIS", actor="owner"))
        await stage.settle()
        assert (placed.order.side, placed.order.quantity, stage.position().quantity) == ("BUY", 10, 0)
        with pytest.raises(NotFound):
            await stage.finish(stage.service.exit_position(ACCOUNT.id, RELIANCE.key, "MIS", actor="owner"))


async def test_exit_when_the_account_is_in_debit_then_it_passes_all_the_same() -> None:
    async with Stage() as stage:
        stage.broker.script.extend(["fill", "fill"])
        await stage.finish(stage.service.place(request(quantity=900), actor="owner"))
        await stage.settle()
        free = stage.service.funds(ACCOUNT.id).free_minor
        await stage.finish(stage.service.move_funds(ACCOUNT.id, "withdraw", free, "all", actor="owner"))
        stage.market.tick(RELIANCE.key, "2480.00")
        assert stage.service.funds(ACCOUNT.id).free_minor < 0
        with pytest.raises(Denied):
            await stage.finish(stage.service.place(request(), actor="owner"))
        placed = await stage.finish(stage.service.exit_position(ACCOUNT.id, RELIANCE.key, "MIS", actor="owner"))
        assert placed.order.state in ("OPEN", "FILLED")
        await stage.settle()
        stage.check_books()


async def test_move_funds_when_asked_then_on_disk_and_refused_beyond_what_is_free() -> None:
    async with Stage() as stage:
        await stage.finish(stage.service.move_funds(ACCOUNT.id, "deposit", 100_000, "bonus", actor="owner"))
        assert stage.service.funds(ACCOUNT.id).free_minor == 50_100_000
        with pytest.raises(Invalid) as refused:
            await stage.finish(stage.service.move_funds(ACCOUNT.id, "withdraw", 50_100_001, "all", actor="owner"))
        assert refused.value.code == "funds.free"
        await stage.restart()
        assert stage.service.funds(ACCOUNT.id).free_minor == 50_100_000
        stage.journal.fail = True
        with pytest.raises(Unavailable):
            await stage.finish(stage.service.move_funds(ACCOUNT.id, "deposit", 1, "x", actor="owner"), 0.5)
        stage.journal.fail = False
        await stage.clock.advance(5)
        assert stage.service.funds(ACCOUNT.id).free_minor == 50_100_000
        stage.check_books()


async def test_set_limits_when_one_is_wrong_then_none_is_changed() -> None:
    async with Stage() as stage:
        with pytest.raises(Invalid):
            await stage.finish(
                stage.service.set_limits(ACCOUNT.id, {"order_quantity": 5, "open_orders": 0}, actor="owner")
            )
        assert stage.service.risk_view(ACCOUNT.id).limits["order_quantity"] == 100_000
        await stage.finish(stage.service.set_limits(ACCOUNT.id, {"order_quantity": 5}, actor="owner"))
        assert stage.service.risk_view(ACCOUNT.id).limits["order_quantity"] == 5
        assert stage.service.risk_view(ACCOUNT.id).limits["open_orders"] == 100
        with pytest.raises(NotFound):
            await stage.finish(stage.service.set_limits("nobody", {}, actor="owner"))


async def test_set_state_when_reducing_then_only_closing_orders_pass() -> None:
    async with Stage() as stage:
        stage.broker.script.append("fill")
        await stage.finish(stage.service.place(request(), actor="owner"))
        await stage.settle()
        with pytest.raises(Invalid):
            await stage.finish(stage.service.set_state(ACCOUNT.id, "REDUCING", " ", actor="owner"))
        await stage.finish(stage.service.set_state(ACCOUNT.id, "REDUCING", "tired", actor="owner"))
        with pytest.raises(Denied) as refused:
            await stage.finish(stage.service.place(request(), actor="owner"))
        assert (refused.value.code, refused.value.headroom) == ("risk.reducing", "0")
        await stage.finish(stage.service.place(request(side="SELL", quantity=6), actor="owner"))
        with pytest.raises(Denied) as more:
            await stage.finish(stage.service.place(request(side="SELL", quantity=5), actor="owner"))
        assert more.value.headroom == "4"


async def test_watch_when_the_loss_reaches_the_limit_then_reducing_until_the_next_day() -> None:
    async with Stage() as stage:
        await stage.finish(stage.service.set_limits(ACCOUNT.id, {"day_loss": 1000}, actor="owner"))
        await stage.finish(stage.service.watch_once())
        stage.broker.script.append("fill")
        await stage.finish(stage.service.place(request(quantity=100), actor="owner"))
        await stage.settle()
        stage.market.tick(RELIANCE.key, "2485.00")
        with pytest.raises(Denied) as refused:
            await stage.finish(stage.service.place(request(quantity=1), actor="owner"))
        assert refused.value.code == "risk.day_loss", "asked on the numbers of the moment, before the breaker looks"
        await stage.finish(stage.service.watch_once())
        await stage.finish(stage.service.watch_once())
        assert stage.service.risk_view(ACCOUNT.id).state == "REDUCING"
        assert len([t for t in stage.notices() if "has reached your limit" in t]) == 1
        await stage.restart()
        assert stage.service.risk_view(ACCOUNT.id).state == "REDUCING", "a restart is no way out"
        await stage.finish(stage.service.place(request(side="SELL", quantity=50), actor="owner"))
        stage.market.move_to(ist("09:30", DAY.replace(day=23)))
        await stage.finish(stage.service.watch_once())
        assert stage.service.risk_view(ACCOUNT.id).state == "ACTIVE"
        start = stage.service.risk.of(ACCOUNT.id).day_start
        assert start is not None
        assert start.day == DAY.replace(day=23)


async def test_watch_when_a_position_has_no_price_then_the_day_does_not_begin_at_a_wrong_wealth() -> None:
    async with Stage() as stage:
        stage.broker.script.append("fill")
        await stage.finish(stage.service.place(request(CALL, product="NRML"), actor="owner"))
        await stage.settle()
        price = stage.market.prices.pop(CALL.key)
        await stage.finish(stage.service.watch_once())
        assert stage.service.risk.of(ACCOUNT.id).day_start is None
        stage.market.prices[CALL.key] = price
        await stage.finish(stage.service.watch_once())
        assert stage.service.risk.of(ACCOUNT.id).day_start is not None


async def test_restart_when_margin_was_held_then_it_is_held_again_to_the_paisa() -> None:
    async with Stage() as stage:
        stage.broker.script.extend(["fill", "ok"])
        await stage.finish(stage.service.place(request(), actor="owner"))
        working = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        await stage.settle()
        before = stage.ledger.holds(ACCOUNT.id)
        await stage.restart()
        assert stage.ledger.holds(ACCOUNT.id) == before
        await stage.finish(stage.service.cancel(working.order.id, actor="owner"))
        assert stage.ledger.holds(ACCOUNT.id) == {"positions": 500_000}
        stage.check_books()


async def test_close_when_orders_are_on_their_way_then_they_are_finished_first() -> None:
    async with Stage() as stage:
        task = asyncio.ensure_future(stage.service.place(request(), actor="owner"))
        await asyncio.sleep(0)
        await stage.finish(stage.service.close())
        assert (await task).order.state == "OPEN"
        assert [o.state for o in stage.journal.orders.values()] == ["OPEN"]
