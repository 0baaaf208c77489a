"""Orders above the freeze quantity: sent in parts, each an order of its own; part success told as it is."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from server.core.errors import Denied, Invalid, NotFound, Problem
from server.domain.orders import Order
from server.orders.parent import ParentOrder
from server.orders.parent_terms import ParentTerms
from server.risk.limits import Limits
from tests.orders_kit import ACCOUNT, CALL, NIFTY, Stage, request
from tests.trading import ist

NEVER = ist("09:00")
WIDE = Limits(orders_per_second=1000.0)
PARTS = [1755, 1755, 390]


def asked(**changes: Any) -> ParentOrder:
    """3,900 options at 100: 60 lots, 27 of them at most in one order."""
    fields: dict[str, Any] = {
        "id": "",
        "account": ACCOUNT.id,
        "kind": "slices",
        "key": CALL.key,
        "product": "NRML",
        "side": "BUY",
        "quantity": 3900,
        "type": "LIMIT",
        "price": Decimal("100.00"),
        "created": NEVER,
        "created_market": NEVER,
        "updated": NEVER,
    }
    return ParentOrder(**(fields | changes))


async def create(stage: Stage, **changes: Any) -> ParentOrder:
    stage.market.tick(CALL.key, "100.00")
    made: ParentOrder = await stage.finish(stage.service.parents.create(asked(**changes), actor="owner"))
    await pause(stage)
    return made


def body(stage: Stage, parent: ParentOrder) -> dict[str, Any]:
    found: dict[str, Any] = stage.journal.kept["parent", parent.id].body
    return found


def parts(stage: Stage, parent: ParentOrder) -> list[Order]:
    return sorted((o for o in stage.journal.orders.values() if o.parent == parent.id), key=lambda o: o.id)


async def pause(stage: Stage, seconds: float = 1.5) -> None:
    await stage.settle()
    await stage.clock.advance(seconds)
    await stage.settle()


async def test_order_above_the_freeze_quantity_when_sent_in_parts_then_all_work_side_by_side_and_fill() -> None:
    async with Stage(limits=WIDE) as stage:
        parent = await create(stage)
        sent = parts(stage, parent)
        assert [(o.quantity, o.state, o.origin) for o in sent] == [(q, "OPEN", "slices") for q in PARTS]
        assert list(body(stage, parent)["orders"]) == [o.id for o in sent]
        assert [stage.broker.received[o.id] for o in sent] == [1, 1, 1]
        for order in sent:
            stage.broker.fill(order.id)
        await pause(stage)
        assert (body(stage, parent)["state"], body(stage, parent)["filled"]) == ("DONE", 3900)
        assert body(stage, parent)["reason"] == ""
        stage.check_books()


async def test_part_when_refused_then_no_more_go_out_and_the_parent_says_how_the_parts_stand() -> None:
    async with Stage(limits=WIDE) as stage:
        stage.broker.script.extend(["ok", "reject"])
        parent = await create(stage)
        assert [o.state for o in parts(stage, parent)] == ["OPEN", "REJECTED"]
        told = body(stage, parent)
        assert told["state"] == "RUNNING"  # the first part works on
        assert told["reason"] == (
            "Part 2 was rejected: RMS: margin exceeds. 1 of 3 parts was not sent. 0 of 3900 are filled."
        )
        stage.broker.fill(parts(stage, parent)[0].id)
        await pause(stage)
        assert (body(stage, parent)["state"], body(stage, parent)["filled"]) == ("STOPPED", 1755)
        assert "1755 of 3900 are filled." in body(stage, parent)["reason"]
        stage.check_books()


async def test_part_when_in_doubt_then_nothing_is_sent_on_top_until_it_is_known() -> None:
    async with Stage(limits=WIDE) as stage:
        stage.broker.script.extend(["ok", "error_after"])
        stage.broker.blind = True
        parent = await create(stage)
        assert [o.state for o in parts(stage, parent)] == ["OPEN", "UNKNOWN"]
        await pause(stage, 10)
        assert len(parts(stage, parent)) == 2
        stage.broker.blind = False
        await pause(stage, 30)
        assert [o.state for o in parts(stage, parent)] == ["OPEN", "OPEN", "OPEN"]
        assert [stage.broker.received[o.id] for o in parts(stage, parent)] == [1, 1, 1]


async def test_price_when_changed_then_every_part_at_work_has_it() -> None:
    async with Stage(limits=WIDE) as stage:
        parent = await create(stage)
        stage.broker.fill(parts(stage, parent)[0].id)
        stage.broker.modify_script.extend(["ok", "reject"])
        await stage.finish(stage.service.parents.reprice(parent.id, Decimal("101.00"), actor="owner"))
        await pause(stage)
        assert [str(o.price) for o in parts(stage, parent)] == ["100.00", "101.00", "100.00"]
        assert body(stage, parent)["price"] == "101.00"
        assert any("keeps its price 100.00" in text for text in stage.notices())
        await pause(stage, 10)
        assert [o.revision for o in parts(stage, parent)] == [0, 1, 0]  # the refused one is not asked again


async def test_price_when_it_is_none_then_invalid_and_nothing_changes() -> None:
    async with Stage(limits=WIDE) as stage:
        parent = await create(stage)
        with pytest.raises(Invalid, match="not on the tick"):
            await stage.service.parents.reprice(parent.id, Decimal("100.03"), actor="owner")
        with pytest.raises(NotFound):
            await stage.service.parents.reprice("nobody", Decimal("101.00"), actor="owner")
        assert body(stage, parent)["price"] == "100.00"


async def test_order_when_closed_then_every_part_at_work_is_cancelled_also_beside_one_in_doubt() -> None:
    async with Stage(limits=WIDE) as stage:
        stage.broker.script.extend(["ok", "error_after"])
        stage.broker.blind = True
        parent = await create(stage)
        await stage.finish(stage.service.parents.close(parent.id, actor="owner"))
        await pause(stage)
        assert [o.state for o in parts(stage, parent)] == ["CANCELLED", "UNKNOWN"]
        stage.broker.blind = False
        await pause(stage, 30)
        assert [o.state for o in parts(stage, parent)] == ["CANCELLED", "CANCELLED"]
        assert body(stage, parent)["state"] == "CANCELLED"
        assert "1 of 3 parts was not sent. 0 of 3900 are filled." in body(stage, parent)["reason"]


async def test_sauda_when_restarted_between_parts_then_no_further_part_goes_out_by_itself() -> None:
    async with Stage(limits=WIDE) as stage:
        stage.broker.script.extend(["ok", "error_after"])
        stage.broker.blind = True
        parent = await create(stage)
        stage.broker.blind = False
        await stage.restart()
        await pause(stage, 30)
        assert [(o.quantity, o.state) for o in parts(stage, parent)] == [(1755, "OPEN"), (1755, "OPEN")]
        assert "Sauda was restarted before all parts were out" in body(stage, parent)["reason"]
        await stage.finish(stage.service.parents.close(parent.id, actor="owner"))
        await pause(stage)
        assert body(stage, parent)["state"] == "CANCELLED"


async def test_limit_when_the_whole_is_above_it_then_denied_before_any_part() -> None:
    async with Stage(limits=msgspec.structs.replace(WIDE, order_quantity=3000)) as stage:
        with pytest.raises(Denied) as caught:
            await create(stage)
        assert caught.value.field == "quantity"
        assert stage.broker.received == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"quantity": 1755}, "in one order"),
        ({"quantity": 65 * 1351}, "makes 51 orders"),
        ({"quantity": 3901}, "lot 65"),
    ],
)
async def test_quantity_when_parts_make_no_sense_then_the_field_is_named(changes: dict[str, Any], words: str) -> None:
    async with Stage(limits=WIDE) as stage:
        with pytest.raises(Invalid, match=words) as caught:
            await create(stage, **changes)
        assert caught.value.field == "quantity"


@pytest.mark.parametrize(("exchange", "kept"), [("NFO", True), ("GLOBAL", False), ("CRYPTO", False)])
async def test_market_when_its_largest_order_is_no_freeze_quantity_then_it_stays_denied(
    exchange: Any, kept: bool
) -> None:
    problem = Problem(status=422, code="order.freeze", detail="Not sent: above the largest order.", field="quantity")
    instrument = msgspec.structs.replace(CALL, exchange=exchange)
    async with Stage(limits=WIDE) as stage:
        preview: Any = lambda _: SimpleNamespace(problems=[problem])  # noqa: E731
        terms = ParentTerms(stage.service.desk, preview)
        if kept:
            assert terms.checked(asked(), instrument).slice == 1755
        else:
            with pytest.raises(Denied, match="above the largest order"):
                terms.checked(asked(), instrument)


async def test_plain_order_when_above_the_freeze_quantity_then_still_denied() -> None:
    async with Stage(limits=WIDE) as stage:
        stage.market.tick(CALL.key, "100.00")
        with pytest.raises(Denied) as caught:
            await stage.finish(stage.service.place(request(CALL, quantity=3900, product="NRML"), actor="owner"))
        assert caught.value.code == "order.freeze"
        assert NIFTY.freeze is None
