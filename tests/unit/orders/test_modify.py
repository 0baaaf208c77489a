"""Changing a working order."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from server.core.errors import Conflict, Denied, Invalid, NotFound, Unavailable, Unknown
from server.domain.orders import Order
from server.orders.ports import Change
from tests.orders_kit import ACCOUNT, CALL, Stage, request


async def limit_order(stage: Stage, **changes: Any) -> Order:
    """A working limit order."""
    body = request(**{"type": "LIMIT", "price": "2400.00", **changes})
    placed = await stage.finish(stage.service.place(body, actor="owner"))
    order: Order = placed.order
    return order


async def test_modify_when_accepted_then_new_terms_revision_and_margin() -> None:
    async with Stage() as stage:
        order = await limit_order(stage)
        change = Change(quantity=20, price=Decimal("2450.00"))
        changed = await stage.finish(stage.service.modify(order.id, change, 0, actor="owner"))
        assert (changed.quantity, changed.price, changed.revision) == (20, Decimal("2450.00"), 1)
        assert stage.journal.orders[order.id] == changed
        assert stage.journal.events(order.id) == ["intended", "accepted", "modified"]
        assert stage.ledger.held(ACCOUNT.id, "positions") == 1_000_000
        assert stage.journal.noted("order.change_asked")[0]["change"]["quantity"] == 20
        stage.check_books()


async def test_modify_when_the_revision_is_old_then_conflict_and_nothing_sent() -> None:
    async with Stage() as stage:
        order = await limit_order(stage)
        await stage.finish(stage.service.modify(order.id, Change(price=Decimal("2401.00")), 0, actor="owner"))
        with pytest.raises(Conflict) as error:
            await stage.finish(stage.service.modify(order.id, Change(price=Decimal("2402.00")), 0, actor="owner"))
        assert (error.value.code, error.value.limit, error.value.value) == ("order.revision", "1", "0")
        assert stage.broker.of(order.id).order.price == Decimal("2401.00")


async def test_modify_when_another_change_is_under_way_then_conflict() -> None:
    async with Stage() as stage:
        order = await limit_order(stage)
        changes = [Change(price=Decimal("2401.00")), Change(price=Decimal("2402.00"))]
        answers = await stage.finish(
            asyncio.gather(
                *(stage.service.modify(order.id, c, 0, actor="owner") for c in changes), return_exceptions=True
            )
        )
        assert [getattr(a, "code", "done") for a in answers] == ["done", "order.change_under_way"]


@pytest.mark.parametrize(
    ("change", "error", "code"),
    [
        (Change(quantity=5), Invalid, "order.quantity"),
        (Change(price=Decimal("2400.01")), Invalid, "order.tick"),
        (Change(price=Decimal("NaN")), Invalid, "order.price"),
        (Change(trigger=Decimal("2400.00")), Invalid, "order.trigger_forbidden"),
        (Change(type="HUH"), Invalid, "order.type"),
        (Change(type="SL"), Invalid, "order.trigger_missing"),
        (Change(), Invalid, "order.same"),
        (Change(quantity=100_016), Denied, "risk.order_quantity"),
        (Change(quantity=3000), Denied, "risk.order_value"),
        (Change(price=Decimal("9000.00")), Denied, "order.price_band"),
    ],
)
async def test_modify_when_the_change_is_not_allowed_then_refused_and_the_order_stands(
    change: Change, error: type[Exception], code: str
) -> None:
    async with Stage() as stage:
        order = await limit_order(stage, quantity=15)
        stage.broker.fill(order.id, 5)
        await stage.settle()
        with pytest.raises(error) as refused:
            await stage.finish(stage.service.modify(order.id, change, 0, actor="owner"))
        assert refused.value.code == code  # type: ignore[attr-defined]
        assert stage.order(order.id).revision == 0
        assert stage.journal.noted("order.change_refused")[0]["problem"]["code"] == code
        assert stage.broker.of(order.id).order.price == Decimal("2400.00")


async def test_modify_when_the_broker_refuses_then_denied_and_as_it_was() -> None:
    async with Stage() as stage:
        order = await limit_order(stage)
        stage.broker.modify_script.append("reject")
        with pytest.raises(Denied) as refused:
            await stage.finish(stage.service.modify(order.id, Change(quantity=20), 0, actor="owner"))
        assert refused.value.code == "order.change_refused"
        assert stage.order(order.id) == order
        assert (
            await stage.finish(stage.service.modify(order.id, Change(quantity=20), 0, actor="owner"))
        ).quantity == 20


@pytest.mark.parametrize(("word", "price", "revision"), [("error", "2400.00", 0), ("error_after", "2410.00", 1)])
async def test_modify_when_the_answer_is_lost_then_looked_up(word: str, price: str, revision: int) -> None:
    async with Stage() as stage:
        order = await limit_order(stage)
        stage.broker.modify_script.append(word)
        with pytest.raises(Unknown):
            await stage.finish(stage.service.modify(order.id, Change(price=Decimal("2410.00")), 0, actor="owner"))
        with pytest.raises(Conflict):
            await stage.finish(stage.service.modify(order.id, Change(quantity=20), 0, actor="owner"), 0.1)
        await stage.clock.advance(5)
        after = stage.order(order.id)
        assert (after.price, after.revision) == (Decimal(price), revision)
        await stage.finish(stage.service.modify(order.id, Change(quantity=20), revision, actor="owner"))
        stage.check_books()


async def test_fill_when_a_larger_quantity_is_in_doubt_then_the_order_is_not_taken_for_finished() -> None:
    async with Stage() as stage:
        order = await limit_order(stage)
        stage.broker.modify_script.append("error_after")
        with pytest.raises(Unknown):
            await stage.finish(stage.service.modify(order.id, Change(quantity=30), 0, actor="owner"), 1)
        stage.broker.blind = True
        stage.broker.fill(order.id, 10)
        await stage.settle()
        assert stage.order(order.id).state == "PARTIAL"
        stage.broker.fill(order.id, 20)
        await stage.settle()
        assert (stage.order(order.id).state, stage.order(order.id).filled) == ("FILLED", 30)
        assert not any("Overfill" in text for text in stage.notices())


async def test_fill_when_the_larger_quantity_never_came_through_then_filled_by_the_brokers_word() -> None:
    async with Stage() as stage:
        order = await limit_order(stage)
        stage.broker.modify_script.append("error")
        with pytest.raises(Unknown):
            await stage.finish(stage.service.modify(order.id, Change(quantity=30), 0, actor="owner"), 0.1)
        stage.broker.fill(order.id, 10)
        await stage.settle()
        assert stage.order(order.id).state == "PARTIAL"
        await stage.clock.advance(5)
        assert (stage.order(order.id).state, stage.order(order.id).quantity) == ("FILLED", 10)
        stage.check_books()


async def test_modify_when_the_order_fills_meanwhile_then_the_fill_wins() -> None:
    async with Stage() as stage:
        order = await limit_order(stage)
        stage.broker.modify_script.append("fill_first")
        with pytest.raises(Denied) as refused:
            await stage.finish(stage.service.modify(order.id, Change(price=Decimal("2410.00")), 0, actor="owner"))
        assert refused.value.code == "order.change_refused"
        await stage.settle()
        assert (stage.order(order.id).state, stage.order(order.id).price) == ("FILLED", Decimal("2400.00"))
        with pytest.raises(Conflict) as late:
            await stage.finish(stage.service.modify(order.id, Change(price=Decimal("2410.00")), 0, actor="owner"))
        assert late.value.code == "order.finished"


async def test_modify_when_more_premium_is_needed_then_it_is_held() -> None:
    async with Stage() as stage:
        order = await limit_order(stage, key=CALL.key, quantity=65, product="NRML", price="100.00")
        before = stage.ledger.held(ACCOUNT.id, order.id)
        await stage.finish(stage.service.modify(order.id, Change(price=Decimal("150.00")), 0, actor="owner"))
        assert stage.ledger.held(ACCOUNT.id, order.id) == before + 65 * 5_000
        stage.check_books()


async def test_modify_when_unknown_or_gone_then_conflict_or_not_found() -> None:
    async with Stage() as stage:
        with pytest.raises(NotFound):
            await stage.finish(stage.service.modify("nope", Change(quantity=1), 0, actor="owner"))
        stage.broker.blind = True
        stage.broker.script.append("error")
        order = await limit_order(stage)
        with pytest.raises(Conflict) as error:
            await stage.finish(stage.service.modify(order.id, Change(quantity=20), 0, actor="owner"))
        assert error.value.code == "order.not_working"


async def test_modify_when_the_disk_breaks_then_nothing_sent_or_read_back_later() -> None:
    async with Stage() as stage:
        order = await limit_order(stage)
        stage.journal.fail = True
        with pytest.raises(Unavailable):
            await stage.finish(stage.service.modify(order.id, Change(quantity=20), 0, actor="owner"), 0.5)
        assert stage.broker.of(order.id).order.quantity == 10
        stage.journal.fail = False
        await stage.clock.advance(5)
        stage.journal.fail_after = 1
        with pytest.raises(Unavailable) as error:
            await stage.finish(stage.service.modify(order.id, Change(quantity=20), 0, actor="owner"), 0.5)
        assert "made at the broker" in error.value.detail
        stage.journal.fail = False
        await stage.clock.advance(5)
        assert stage.order(order.id).quantity == 20
        stage.check_books()


@pytest.mark.parametrize("answer", ["renumber", "renumber_after"])
async def test_modify_when_the_broker_makes_another_order_of_it_then_a_cancel_names_the_new_one(answer: str) -> None:
    async with Stage() as stage:
        order = await limit_order(stage)
        stage.broker.modify_script.append(answer)
        change = stage.service.modify(order.id, Change(price=Decimal("2401.00")), 0, actor="owner")
        if answer == "renumber":
            await stage.finish(change)
        else:
            with pytest.raises(Unknown):
                await stage.finish(change)
            await stage.clock.advance(60)
            await stage.settle()
        now = stage.order(order.id)
        assert (now.broker_id, now.price, now.state) == (f"{order.broker_id}r", Decimal("2401.00"), "OPEN")
        assert stage.journal.orders[order.id].broker_id == now.broker_id
        await stage.finish(stage.service.cancel(order.id, actor="owner"))
        await stage.settle()
        assert stage.order(order.id).state == "CANCELLED"
        stage.check_books()
