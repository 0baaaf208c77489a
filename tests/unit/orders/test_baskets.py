"""Baskets: leg order, waiting for fills, stopping, unwinding, crashes."""

from typing import Any

import pytest

from server.core.errors import Invalid
from server.domain.orders import OrderRequest
from server.orders.baskets import Basket
from tests.orders_kit import ACCOUNT, CALL, FUTURE, INFY, RELIANCE, Stage, request

SHORT = request(FUTURE, side="SELL", product="NRML")
HEDGE = request(CALL, side="BUY", product="NRML")


async def start(stage: Stage, *legs: OrderRequest, **changes: Any) -> Basket:
    """Start a basket and let what can happen happen."""
    made = await stage.finish(stage.service.baskets.create(ACCOUNT.id, "test", legs, actor="owner", **changes), 0.2)
    await stage.settle()
    basket: Basket = made
    return basket


def last(stage: Stage, basket: Basket) -> dict[str, Any]:
    """The basket on disk."""
    return stage.journal.kept["basket", basket.id].body


def sent(stage: Stage) -> list[str]:
    """Keys of orders at the broker, in order of arrival."""
    return [o.order.key for o in stage.broker.book.values()]


async def test_basket_when_buys_go_first_then_each_leg_waits_for_the_one_before() -> None:
    async with Stage() as stage:
        basket = await start(stage, SHORT, HEDGE)
        assert sent(stage) == [CALL.key]
        hedge = stage.service.live_orders()[0]
        assert (hedge.origin, hedge.parent) == ("basket", basket.id)
        stage.broker.fill(hedge.id)
        await stage.settle()
        assert sent(stage) == [CALL.key, FUTURE.key]
        stage.broker.fill(stage.service.live_orders()[0].id)
        await stage.settle()
        body = last(stage, basket)
        assert (body["state"], [leg["state"] for leg in body["legs"]]) == ("DONE", ["FILLED", "FILLED"])
        stage.check_books()


async def test_basket_when_sent_as_given_then_in_that_order() -> None:
    async with Stage() as stage:
        stage.broker.script.extend(["fill", "fill"])
        basket = await start(stage, SHORT, HEDGE, buy_first=False)
        assert sent(stage) == [FUTURE.key, CALL.key]
        assert last(stage, basket)["state"] == "DONE"


@pytest.mark.parametrize(("word", "state"), [("reject", "REJECTED"), ("ok", "OPEN"), ("error_after", "UNKNOWN")])
async def test_stop_when_a_leg_fails_then_nothing_more_is_sent_and_what_is_there_stays(word: str, state: str) -> None:
    async with Stage() as stage:
        stage.broker.blind = word == "error_after"
        stage.broker.script.extend(["fill", word])
        basket = await start(stage, HEDGE, SHORT, request(INFY, side="SELL"))
        await stage.clock.advance(15)
        body = last(stage, basket)
        assert body["state"] == "STOPPED"
        assert [leg["state"] for leg in body["legs"]] == ["FILLED", state, "WAITING"]
        assert "Nothing more was sent." in body["reason"]
        assert stage.position(CALL, "NRML").quantity == 65
        assert INFY.key not in sent(stage)


async def test_stop_when_risk_refuses_a_leg_then_its_words_are_kept() -> None:
    async with Stage() as stage:
        stage.broker.script.append("fill")
        basket = await start(stage, HEDGE, request(RELIANCE, side="SELL", quantity=90_000))
        await stage.settle()
        body = last(stage, basket)
        assert (body["state"], body["legs"][1]["state"]) == ("STOPPED", "REFUSED")
        assert "above your limit" in body["reason"]


async def test_unwind_when_a_leg_fails_then_filled_legs_are_closed_and_working_ones_cancelled() -> None:
    async with Stage() as stage:
        stage.broker.script.extend(["fill", "ok", "fill", "fill"])
        basket = await start(stage, HEDGE, SHORT, on_failure="unwind")
        short = stage.service.live_orders()[0]
        await stage.clock.advance(15)
        await stage.settle()
        body = last(stage, basket)
        assert body["state"] == "UNWOUND"
        assert stage.order(short.id).state == "CANCELLED"
        assert stage.position(CALL, "NRML").quantity == 0
        assert stage.position(FUTURE, "NRML").quantity == 0
        assert body["legs"][0]["unwind_id"]
        stage.check_books()


async def test_unwind_when_a_leg_is_in_doubt_then_it_is_left_and_said() -> None:
    async with Stage() as stage:
        stage.broker.blind = True
        stage.broker.script.extend(["fill", "error_after", "fill"])
        basket = await start(stage, HEDGE, SHORT, on_failure="unwind")
        await stage.clock.advance(15)
        body = last(stage, basket)
        assert body["state"] == "UNWOUND"
        assert "is unknown and could not be cancelled: look at it." in body["reason"]
        assert stage.position(CALL, "NRML").quantity == 0
        assert any("Basket test is unwound" in text for text in stage.notices())


async def test_unwind_when_closing_is_refused_then_that_is_said() -> None:
    async with Stage() as stage:
        stage.broker.script.extend(["fill", "reject", "reject"])
        basket = await start(stage, HEDGE, SHORT, on_failure="unwind")
        await stage.clock.advance(15)
        assert "Leg 1 could not be closed: RMS: margin exceeds" in last(stage, basket)["reason"]


async def test_done_when_the_last_leg_only_works_then_done_under_stop() -> None:
    async with Stage() as stage:
        stage.broker.script.extend(["fill", "ok"])
        basket = await start(stage, HEDGE, SHORT)
        await stage.clock.advance(15)
        body = last(stage, basket)
        assert (body["state"], body["legs"][1]["state"]) == ("DONE", "OPEN")


@pytest.mark.parametrize("word", ["ok", "hang"])
async def test_crash_when_a_basket_runs_then_stopped_and_said_and_no_leg_more(word: str) -> None:
    async with Stage() as stage:
        stage.broker.script.append(word)
        basket = await start(stage, HEDGE, SHORT)
        await stage.restart()
        await stage.clock.advance(30)
        body = last(stage, basket)
        assert body["state"] == "STOPPED"
        assert body["legs"][0]["order_id"] in stage.journal.orders
        assert any("Sauda stopped while the basket ran" in text for text in stage.notices())
        assert len(stage.journal.orders) == 1
        stage.check_books()


async def test_disk_when_it_breaks_while_a_basket_runs_then_stopped_after_recovery() -> None:
    async with Stage() as stage:
        basket = await start(stage, HEDGE, SHORT)
        stage.journal.fail = True
        stage.broker.fill(stage.service.live_orders()[0].id)
        await stage.clock.advance(1)
        stage.journal.fail = False
        await stage.clock.advance(10)
        assert last(stage, basket)["state"] == "STOPPED"
        assert sent(stage) == [CALL.key]
        stage.check_books()


@pytest.mark.parametrize(
    ("legs", "code", "field"),
    [
        ([], "basket.legs", "legs"),
        ([HEDGE] * 21, "basket.legs", "legs"),
        ([HEDGE, request(CALL, quantity=10)], "order.lot", "legs[1].quantity"),
        ([request(key="NSE:NOPE")], "order.instrument", "legs[0].key"),
    ],
)
async def test_create_when_a_leg_is_wrong_then_nothing_is_sent(legs: list[OrderRequest], code: str, field: str) -> None:
    async with Stage() as stage:
        with pytest.raises(Invalid) as wrong:
            await start(stage, *legs)
        assert (wrong.value.code, wrong.value.field) == (code, field)
        assert not stage.broker.received
        assert stage.service.baskets.running() == []


async def test_preview_when_buys_go_first_then_order_most_money_and_final_margin() -> None:
    async with Stage() as stage:
        legs = [request(FUTURE, side="SELL", product="NRML"), HEDGE]
        found = stage.service.preview_basket(ACCOUNT.id, legs, True)
        assert found.order == [1, 0]
        premium, margin = 65 * 150.05, 65 * 24_500 * 0.2
        assert float(found.margin_final) == pytest.approx(premium + margin + float(found.charges), abs=0.02)
        assert found.margin_required == found.margin_final
        assert found.problems == []
        assert not stage.journal.orders
        poor = stage.service.preview_basket(ACCOUNT.id, [request(FUTURE, quantity=65 * 3, product="NRML")], True)
        assert [p.code for p in poor.problems] == ["risk.funds"]
