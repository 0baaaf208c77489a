"""The kill switch."""

import pytest

from server.core.errors import Conflict, Denied, Invalid
from tests.orders_kit import ACCOUNT, CALL, INFY, Stage, request


async def test_engage_when_orders_work_then_all_cancelled_and_new_ones_blocked_over_a_restart() -> None:
    async with Stage() as stage:
        for body in (request(type="LIMIT", price="2400.00"), request(INFY, type="LIMIT", price="1400.00")):
            await stage.finish(stage.service.place(body, actor="owner"))
        ids = [o.id for o in stage.service.live_orders()]
        result = await stage.finish(stage.service.kill.engage("too much", flatten=False, actor="owner"))
        assert (result.engaged, result.cancelled, result.still_open) == (True, ids, [])
        await stage.restart()
        assert stage.service.kill.state().reason == "too much"
        with pytest.raises(Denied) as refused:
            await stage.finish(stage.service.place(request(), actor="owner"))
        assert refused.value.detail == "Not sent: the kill switch is engaged (too much)."


async def test_engage_when_a_cancel_is_not_confirmed_then_the_order_is_named() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        stage.broker.cancel_script.append("silent")
        result = await stage.finish(stage.service.kill.engage("x", flatten=False, actor="owner"))
        assert (result.cancelled, result.still_open) == ([], [placed.order.id])


async def test_engage_when_flattening_then_positions_are_closed_in_pieces_the_exchange_takes() -> None:
    async with Stage() as stage:
        await stage.finish(stage.service.move_funds(ACCOUNT.id, "deposit", 100_000_000, "more", actor="owner"))
        for quantity in (1755, 195):
            stage.broker.script.append("fill")
            body = request(CALL, quantity=quantity, product="NRML")
            await stage.finish(stage.service.place(body, actor="owner"))
        stage.broker.script.append("fill")
        await stage.finish(stage.service.place(request(side="SELL"), actor="owner"))
        await stage.settle()
        stage.broker.script.extend(["fill"] * 3)
        result = await stage.finish(stage.service.kill.engage("out", flatten=True, actor="owner"))
        await stage.settle()
        sent = [stage.order(i) for i in result.flattening]
        assert sorted((o.side, o.quantity) for o in sent) == [("BUY", 10), ("SELL", 195), ("SELL", 1755)]
        assert {o.origin for o in sent} == {"kill"}
        assert all(p.quantity == 0 for p in stage.ledger.positions(ACCOUNT.id))
        assert stage.ledger.holds(ACCOUNT.id) == {}
        stage.check_books()


async def test_engage_when_a_position_cannot_be_closed_then_said_why() -> None:
    async with Stage() as stage:
        stage.broker.script.append("fill")
        await stage.finish(stage.service.place(request(), actor="owner"))
        await stage.settle()
        stage.market.ages["NSE:RELIANCE"] = 60.0
        result = await stage.finish(stage.service.kill.engage("out", flatten=True, actor="owner"))
        assert result.flattening == []
        assert result.problems[0].startswith("NSE:RELIANCE: Not sent: the price of RELIANCE is 60 s old.")


async def test_engage_when_the_journal_is_broken_then_it_holds_in_memory_and_is_kept_afterwards() -> None:
    async with Stage() as stage:
        placed = await stage.finish(stage.service.place(request(type="LIMIT", price="2400.00"), actor="owner"))
        stage.journal.fail = True
        await stage.finish(stage.service.kill.engage("fire", flatten=False, actor="owner"), 3)
        assert stage.broker.of(placed.order.id).state == "CANCELLED"
        stage.journal.fail = False
        await stage.clock.advance(10)
        assert stage.service.kill.state().engaged
        await stage.restart()
        assert (stage.service.kill.state().engaged, stage.service.kill.state().reason) == (True, "fire")
        stage.check_books()


async def test_release_when_without_reason_or_not_engaged_then_refused() -> None:
    async with Stage() as stage:
        with pytest.raises(Conflict):
            await stage.finish(stage.service.kill.release("why not", actor="owner"))
        await stage.finish(stage.service.kill.engage("x", flatten=False, actor="owner"))
        with pytest.raises(Invalid):
            await stage.finish(stage.service.kill.release("  ", actor="owner"))
        assert stage.service.kill.state().engaged
        await stage.finish(stage.service.kill.release("calm again", actor="owner"))
        await stage.restart()
        assert not stage.service.kill.state().engaged
        assert (await stage.finish(stage.service.place(request(), actor="owner"))).order.state == "OPEN"
