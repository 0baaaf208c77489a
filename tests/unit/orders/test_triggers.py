"""GTT and OCO: kept on disk, fired exactly once, whatever crashes."""

from decimal import Decimal
from typing import Any

import pytest

from server.core.errors import Conflict, Invalid, NotFound
from server.orders.triggers import Trigger, TriggerLeg
from tests.orders_kit import ACCOUNT, CALL, RELIANCE, Stage, request
from tests.trading import DAY, ist


def leg(trigger: str, price: str, side: Any = "SELL", quantity: int = 10) -> TriggerLeg:
    """A leg, in short."""
    return TriggerLeg(side=side, quantity=quantity, trigger=Decimal(trigger), price=Decimal(price))


async def hold(stage: Stage, quantity: int = 10) -> None:
    """Own some shares for delivery."""
    placed = await stage.finish(stage.service.place(request(product="CNC", quantity=quantity), actor="owner"))
    stage.broker.fill(placed.order.id)
    await stage.settle()


async def create(stage: Stage, *legs: TriggerLeg, **changes: Any) -> Trigger:
    """Keep a trigger on RELIANCE shares."""
    fields: dict[str, Any] = {
        "account": ACCOUNT.id,
        "key": RELIANCE.key,
        "product": "CNC",
        "kind": "oco" if len(legs) == 2 else "single",
        "legs": legs,
        **changes,
    }
    made: Trigger = await stage.finish(stage.service.triggers.create(**fields, actor="owner"))
    return made


def states(stage: Stage, trigger: Trigger) -> list[str]:
    """States on disk, in order."""
    return [e.payload.state for e in stage.journal.entries if getattr(e.payload, "id", "") == trigger.id]  # type: ignore[union-attr]


async def test_price_when_it_reaches_the_trigger_then_one_order_and_done() -> None:
    async with Stage() as stage:
        await hold(stage)
        trigger = await create(stage, leg("2600.00", "2595.00"))
        stage.market.tick(RELIANCE.key, "2599.95")
        await stage.settle()
        assert states(stage, trigger) == ["ACTIVE"]
        stage.market.tick(RELIANCE.key, "2600.00")
        stage.market.tick(RELIANCE.key, "2601.00")
        await stage.settle()
        assert states(stage, trigger) == ["ACTIVE", "TRIGGERED", "DONE"]
        (order,) = stage.service.live_orders()
        assert (order.type, order.price, order.origin, order.parent) == (
            "LIMIT",
            Decimal("2595.00"),
            "trigger",
            trigger.id,
        )
        assert stage.service.triggers.active() == []
        assert stage.market.watchers == []
        stage.check_books()


@pytest.mark.parametrize(("price", "fired"), [("2300.00", 0), ("2700.00", 1)])
async def test_oco_when_one_leg_fires_then_the_other_is_gone(price: str, fired: int) -> None:
    async with Stage() as stage:
        await hold(stage)
        trigger = await create(stage, leg("2300.00", "2295.00"), leg("2700.00", "2695.00"))
        stage.market.tick(RELIANCE.key, price)
        await stage.settle()
        stage.market.tick(RELIANCE.key, "2300.00")
        stage.market.tick(RELIANCE.key, "2700.00")
        await stage.settle()
        assert states(stage, trigger) == ["ACTIVE", "TRIGGERED", "DONE"]
        assert [o.price for o in stage.service.live_orders()] == [trigger.legs[fired].price]


async def test_restart_when_active_then_still_watched() -> None:
    async with Stage() as stage:
        await hold(stage)
        trigger = await create(stage, leg("2600.00", "2595.00"))
        await stage.restart()
        stage.market.tick(RELIANCE.key, "2650.00")
        await stage.settle()
        assert states(stage, trigger)[-1] == "DONE"
        assert stage.broker.received.total() == 2


@pytest.mark.parametrize("word", ["hang", "hang_after", "ok"])
async def test_crash_when_it_has_fired_then_the_order_goes_out_exactly_once(word: str) -> None:
    async with Stage() as stage:
        await hold(stage)
        trigger = await create(stage, leg("2600.00", "2595.00"))
        stage.broker.script.append(word)
        stage.journal.fail_after = {"hang": 2, "hang_after": 2, "ok": 1}[word]  # TRIGGERED, and the intent or not
        stage.market.tick(RELIANCE.key, "2600.00")
        await stage.settle()
        stage.journal.fail, stage.journal.fail_after = False, None
        await stage.restart()
        await stage.clock.advance(10)
        stage.market.tick(RELIANCE.key, "2601.00")
        await stage.settle()
        assert states(stage, trigger)[-1] == "DONE"
        made = [o for o in stage.journal.orders.values() if o.parent == trigger.id]
        assert len(made) == 1
        assert made[0].state == ("REJECTED" if word == "hang" else "OPEN")
        stage.check_books()


async def test_crash_when_it_fired_on_an_earlier_day_then_not_sent_and_said() -> None:
    async with Stage() as stage:
        await hold(stage)
        trigger = await create(stage, leg("2600.00", "2595.00"))
        stage.journal.fail_after = 1
        stage.market.tick(RELIANCE.key, "2600.00")
        await stage.settle()
        assert states(stage, trigger)[-1] == "TRIGGERED"
        stage.journal.fail = False
        stage.market.move_to(ist("10:00", DAY.replace(day=23)))
        await stage.restart()
        assert states(stage, trigger)[-1] == "FAILED"
        assert stage.broker.received.total() == 1
        assert any("the day is over" in text for text in stage.notices())


async def test_fire_when_risk_refuses_then_failed_with_its_reason() -> None:
    async with Stage() as stage:
        trigger = await create(stage, leg("2600.00", "2595.00"))  # nothing is held to sell
        stage.market.tick(RELIANCE.key, "2600.00")
        await stage.settle()
        assert states(stage, trigger) == ["ACTIVE", "TRIGGERED", "FAILED"]
        assert any("no order went out: Not sent: you hold 0 RELIANCE" in text for text in stage.notices())
        assert not stage.broker.received


async def test_price_when_the_market_is_closed_then_nothing_fires_until_it_opens() -> None:
    async with Stage() as stage:
        await hold(stage)
        trigger = await create(stage, leg("2600.00", "2595.00"))
        stage.market.move_to(ist("18:00"))
        stage.market.tick(RELIANCE.key, "2650.00")
        await stage.settle()
        assert states(stage, trigger) == ["ACTIVE"]
        stage.market.move_to(ist("10:00", DAY.replace(day=23)))
        stage.market.tick(RELIANCE.key, "2650.00")
        await stage.settle()
        assert states(stage, trigger)[-1] == "DONE"


async def test_price_when_the_journal_is_broken_then_it_fires_after_it_is_mended() -> None:
    async with Stage() as stage:
        await hold(stage)
        trigger = await create(stage, leg("2600.00", "2595.00"))
        stage.journal.fail = True
        stage.market.tick(RELIANCE.key, "2650.00")
        await stage.settle()
        stage.journal.fail = False
        await stage.clock.advance(5)
        assert states(stage, trigger) == ["ACTIVE"]
        stage.market.tick(RELIANCE.key, "2651.00")
        await stage.settle()
        assert states(stage, trigger)[-1] == "DONE"
        assert stage.broker.received.total() == 2


async def test_cancel_when_active_then_never_fires_and_when_fired_then_conflict() -> None:
    async with Stage() as stage:
        trigger = await create(stage, leg("2600.00", "2595.00"))
        await stage.finish(stage.service.triggers.cancel(trigger.id, actor="owner"))
        stage.market.tick(RELIANCE.key, "2650.00")
        await stage.settle()
        assert states(stage, trigger) == ["ACTIVE", "CANCELLED"]
        with pytest.raises(NotFound):
            await stage.finish(stage.service.triggers.cancel(trigger.id, actor="owner"))
        second = await create(stage, leg("2700.00", "2595.00"))
        stage.market.tick(RELIANCE.key, "2700.00")
        with pytest.raises(Conflict):
            await stage.service.triggers.cancel(second.id, actor="owner")


async def test_expire_when_the_contract_is_over_then_expired() -> None:
    async with Stage() as stage:
        trigger = await create(stage, leg("200.00", "199.00", "BUY", 65), key=CALL.key, product="NRML")
        stage.market.move_to(ist("10:00", DAY.replace(month=12, day=2)))
        await stage.finish(stage.service.watch_once())
        assert states(stage, trigger) == ["ACTIVE", "EXPIRED"]


@pytest.mark.parametrize(
    ("legs", "changes", "code", "field"),
    [
        ((), {}, "trigger.legs", "legs"),
        ((leg("2600", "2600"),), {"kind": "oco"}, "trigger.legs", "legs"),
        ((leg("2600", "2600"), leg("2700", "2700")), {}, "trigger.sides", "legs[1].trigger"),
        ((leg("2500", "2500"),), {}, "trigger.at_price", "legs[0].trigger"),
        ((leg("2600.01", "2600"),), {}, "order.tick", "legs[0].trigger"),
        ((leg("2600", "2600.01"),), {}, "order.tick", "legs[0].price"),
        ((leg("2600", "NaN"),), {}, "order.price", "legs[0].price"),
        ((leg("2600", "2600", quantity=0),), {}, "order.quantity", "legs[0].quantity"),
        ((leg("2600", "2600"),), {"product": "MIS"}, "trigger.product", "product"),
        ((leg("2600", "2600"),), {"key": "NSE:NOPE"}, "order.instrument", "key"),
    ],
)
async def test_create_when_the_input_is_wrong_then_one_clear_error(
    legs: tuple[TriggerLeg, ...], changes: dict[str, Any], code: str, field: str
) -> None:
    async with Stage() as stage:
        with pytest.raises(Invalid) as wrong:
            await create(stage, *legs, **changes)
        assert (wrong.value.code, wrong.value.field) == (code, field)
        assert stage.service.triggers.active() == []
