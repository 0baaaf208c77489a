"""Iceberg, cover and bracket orders: stepped by children and price, never two exits, resumed after a crash."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from server.core.errors import Invalid, NotFound
from server.domain.orders import Order
from server.orders.parent import ParentOrder
from tests.orders_kit import ACCOUNT, RELIANCE, Stage
from tests.trading import ist

NEVER = ist("09:00")


def asked(kind: Any = "bracket", **changes: Any) -> ParentOrder:
    """What a user asks for, in short."""
    fields: dict[str, Any] = {
        "id": "",
        "account": ACCOUNT.id,
        "kind": kind,
        "key": RELIANCE.key,
        "product": "MIS",
        "side": "BUY",
        "quantity": 10,
        "type": "LIMIT",
        "price": Decimal("2500.00"),
        "created": NEVER,
        "created_market": NEVER,
        "updated": NEVER,
    }
    if kind == "iceberg":
        fields["slice"] = 4
    else:
        fields["stop"] = Decimal("2480.00")
    if kind == "bracket":
        fields["target"] = Decimal("2540.00")
    return ParentOrder(**(fields | changes))


async def create(stage: Stage, kind: Any = "bracket", **changes: Any) -> ParentOrder:
    """Place it."""
    made: ParentOrder = await stage.finish(stage.service.parents.create(asked(kind, **changes), actor="owner"))
    return made


def body(stage: Stage, parent: ParentOrder) -> dict[str, Any]:
    """The parent on disk."""
    found: dict[str, Any] = stage.journal.kept["parent", parent.id].body
    return found


def children(stage: Stage, parent: ParentOrder) -> list[Order]:
    """Its orders, oldest first."""
    return sorted((o for o in stage.journal.orders.values() if o.parent == parent.id), key=lambda o: o.id)


async def pause(stage: Stage, seconds: float = 1.5) -> None:
    """Let it look again."""
    await stage.settle()
    await stage.clock.advance(seconds)
    await stage.settle()


async def entered(stage: Stage, kind: Any = "bracket", **changes: Any) -> tuple[ParentOrder, Order, Order]:
    """(parent, filled entry, exit at work)."""
    parent = await create(stage, kind, **changes)
    (entry,) = children(stage, parent)
    stage.broker.fill(entry.id)
    await pause(stage)
    entry, guard = children(stage, parent)
    return parent, entry, guard


async def test_iceberg_when_each_part_fills_then_the_next_goes_out_until_done() -> None:
    async with Stage() as stage:
        parent = await create(stage, "iceberg")
        for number, quantity in enumerate((4, 4, 2)):
            sent = children(stage, parent)
            assert [o.quantity for o in sent] == [4, 4, 2][: number + 1]
            assert sent[-1].quantity == quantity
            assert sent[-1].origin == "iceberg"
            stage.broker.fill(sent[-1].id)
            await pause(stage)
        assert (body(stage, parent)["state"], body(stage, parent)["filled"]) == ("DONE", 10)
        assert stage.position().quantity == 10
        stage.check_books()


async def test_iceberg_when_a_part_is_cancelled_by_hand_then_it_stops_and_says_so() -> None:
    async with Stage() as stage:
        parent = await create(stage, "iceberg")
        (first,) = children(stage, parent)
        await stage.finish(stage.service.cancel(first.id, actor="owner"))
        await pause(stage)
        assert body(stage, parent)["state"] == "STOPPED"
        assert "Part 1 was cancelled." in body(stage, parent)["reason"]
        assert len(children(stage, parent)) == 1


async def test_iceberg_when_closed_then_the_part_at_work_is_cancelled_and_no_more_is_sent() -> None:
    async with Stage() as stage:
        parent = await create(stage, "iceberg")
        stage.broker.fill(children(stage, parent)[0].id)
        await pause(stage)
        await stage.finish(stage.service.parents.close(parent.id, actor="owner"))
        await pause(stage)
        assert (body(stage, parent)["state"], body(stage, parent)["filled"]) == ("CANCELLED", 4)
        assert [o.state for o in children(stage, parent)] == ["FILLED", "CANCELLED"]
        with pytest.raises(NotFound):
            await stage.service.parents.close(parent.id, actor="owner")


async def test_iceberg_when_sauda_crashes_between_parts_then_it_goes_on_and_nothing_is_sent_twice() -> None:
    async with Stage() as stage:
        parent = await create(stage, "iceberg")
        await stage.restart()
        await pause(stage)
        (first,) = children(stage, parent)
        stage.broker.fill(first.id)
        await pause(stage)
        await stage.restart()
        await pause(stage)
        assert [o.quantity for o in children(stage, parent)] == [4, 4]
        stage.check_books()


async def test_cover_when_the_entry_fills_then_a_stop_rests_at_the_broker() -> None:
    async with Stage() as stage:
        parent, _, guard = await entered(stage, "cover")
        assert (guard.side, guard.quantity, guard.type, guard.trigger) == ("SELL", 10, "SL-M", Decimal("2480.00"))
        stage.broker.fill(guard.id)
        await pause(stage)
        assert body(stage, parent)["state"] == "DONE"
        assert stage.position().quantity == 0
        stage.check_books()


async def test_cover_when_the_entry_fills_in_parts_then_the_stop_grows_with_it() -> None:
    async with Stage() as stage:
        parent = await create(stage, "cover")
        (entry,) = children(stage, parent)
        stage.broker.fill(entry.id, 3)
        await pause(stage)
        assert children(stage, parent)[1].quantity == 3
        stage.broker.fill(entry.id, 7)
        await pause(stage)
        guard = children(stage, parent)[1]
        assert (len(children(stage, parent)), guard.quantity) == (2, 10)
        stage.check_books()


async def test_cover_when_the_entry_is_cancelled_then_nothing_else_is_sent() -> None:
    async with Stage() as stage:
        parent = await create(stage, "cover")
        await stage.finish(stage.service.parents.close(parent.id, actor="owner"))
        await pause(stage)
        assert body(stage, parent)["state"] == "CANCELLED"
        assert [o.state for o in children(stage, parent)] == ["CANCELLED"]


async def test_cover_when_closed_then_the_stop_becomes_a_market_order() -> None:
    async with Stage() as stage:
        parent, _, guard = await entered(stage, "cover")
        await stage.finish(stage.service.parents.close(parent.id, actor="owner"))
        await pause(stage)
        guard = children(stage, parent)[1]
        assert (guard.type, len(children(stage, parent))) == ("MARKET", 2)
        stage.broker.fill(guard.id)
        await pause(stage)
        assert body(stage, parent)["state"] == "DONE"


async def test_cover_when_the_position_is_closed_elsewhere_then_the_stop_is_cancelled() -> None:
    async with Stage() as stage:
        parent, _, guard = await entered(stage, "cover")
        out = await stage.finish(stage.service.exit_position(ACCOUNT.id, RELIANCE.key, "MIS", actor="owner"))
        stage.broker.fill(out.order.id)
        await pause(stage)
        assert stage.journal.orders[guard.id].state == "CANCELLED"
        assert body(stage, parent)["reason"] == "The position was closed by another order."
        assert stage.position().quantity == 0


async def test_cover_when_the_stop_is_rejected_then_it_is_said_aloud() -> None:
    async with Stage() as stage:
        stage.broker.script.extend(["ok", "reject"])
        parent = await create(stage, "cover")
        stage.broker.fill(children(stage, parent)[0].id)
        await pause(stage)
        assert body(stage, parent)["state"] == "STOPPED"
        assert "10 are open and unguarded." in body(stage, parent)["reason"]
        assert any("is stopped" in text for text in stage.notices())


async def test_bracket_when_the_target_trades_then_the_same_order_becomes_a_limit() -> None:
    async with Stage() as stage:
        parent, _, _ = await entered(stage)
        stage.market.tick(RELIANCE.key, "2540.00")
        await pause(stage)
        guard = children(stage, parent)[1]
        assert (len(children(stage, parent)), guard.type, guard.price) == (2, "LIMIT", Decimal("2540.00"))
        stage.broker.fill(guard.id)
        await pause(stage)
        assert (body(stage, parent)["state"], stage.position().quantity) == ("DONE", 0)
        stage.check_books()


async def test_bracket_when_the_price_turns_at_the_target_then_the_stop_rests_again() -> None:
    async with Stage() as stage:
        parent, _, _ = await entered(stage)
        stage.market.tick(RELIANCE.key, "2541.00")
        await pause(stage)
        stage.market.tick(RELIANCE.key, "2520.00")
        await pause(stage)
        assert children(stage, parent)[1].type == "LIMIT"
        stage.market.tick(RELIANCE.key, "2505.00")
        await pause(stage)
        guard = children(stage, parent)[1]
        assert (guard.type, guard.trigger, guard.quantity) == ("SL-M", Decimal("2480.00"), 10)
        stage.check_books()


async def test_bracket_when_sauda_crashes_then_the_stop_goes_on_resting_and_is_found_again() -> None:
    async with Stage() as stage:
        parent, _, guard = await entered(stage)
        await stage.restart()
        await pause(stage)
        stage.market.tick(RELIANCE.key, "2545.00")
        await pause(stage)
        assert [o.id for o in children(stage, parent)][1:] == [guard.id]
        assert stage.journal.orders[guard.id].type == "LIMIT"
        stage.check_books()


async def test_bracket_when_a_restart_comes_on_a_later_day_then_it_is_ended_and_said() -> None:
    async with Stage() as stage:
        parent, _, _ = await entered(stage)
        await stage.stop()
        stage.market._start += timedelta(days=3)
        await stage.restart()
        await pause(stage)
        assert body(stage, parent)["state"] == "STOPPED"
        assert "not running when its day ended" in body(stage, parent)["reason"]


async def test_request_when_sent_twice_then_one_parent() -> None:
    async with Stage() as stage:
        one = await create(stage, "cover", request_id="tap-1")
        two = await create(stage, "cover", request_id="tap-1")
        assert (one.id, len(children(stage, one))) == (two.id, 1)


async def test_first_order_when_refused_then_the_parent_is_stopped_with_the_reason() -> None:
    async with Stage() as stage:
        parent = await create(stage, "cover", quantity=1_000_000, request_id="big")
        assert parent.state == "STOPPED"
        assert parent.reason.startswith("Not sent: ")
        assert children(stage, parent) == []


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("cover", {"stop": None}, "stop"),
        ("cover", {"stop": Decimal("2510.00")}, "stop"),
        ("cover", {"stop": Decimal("2480.03")}, "stop"),
        ("cover", {"side": "SELL"}, "stop"),
        ("cover", {"product": "CNC"}, "product"),
        ("bracket", {"target": None}, "target"),
        ("bracket", {"target": Decimal("2490.00")}, "target"),
        ("bracket", {"quantity": 0}, "quantity"),
        ("bracket", {"type": "MARKET"}, "price"),
        ("iceberg", {"slice": 0}, "slice"),
        ("iceberg", {"slice": 10}, "slice"),
        ("iceberg", {"quantity": 1000, "slice": 1}, "slice"),
        ("iceberg", {"key": "NSE:NOBODY"}, "key"),
    ],
)
async def test_terms_when_wrong_then_the_field_is_named_and_nothing_is_kept(
    kind: str, changes: dict[str, Any], field: str
) -> None:
    async with Stage() as stage:
        with pytest.raises(Invalid) as caught:
            await create(stage, kind, **changes)
        assert caught.value.field == field
        assert not [1 for (noun, _) in stage.journal.kept if noun == "parent"]
