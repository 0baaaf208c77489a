"""Orders, fills and positions as read back from disk."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from server.core.errors import NotFound
from server.domain.journal import FillApplied, OrderChanged
from tests.unit.storage.samples import (
    ACCOUNT,
    NIFTY_CALL,
    NOW,
    entry,
    filled,
    intended,
    make_order,
    opened,
    order_id,
    story,
    transfer,
)


async def test_order_when_read_back_then_equal_to_what_was_written(tmp_path: Path) -> None:
    order = make_order(
        1,
        type="SL",
        price=Decimal("182.30"),
        trigger=Decimal("180.00"),
        protection=Decimal("2.5"),
        reference=Decimal("181.05"),
        after_market=True,
        triggered=True,
        reason="ordered by “hand”; it's fine",
        state="OPEN",
        revision=3,
    )
    async with opened(tmp_path) as storage:
        await storage.journal.commit(entry(OrderChanged(event="accepted", order=order)))
        assert await storage.orders.get(order.id) == order
        assert await storage.orders.by_request(ACCOUNT, "request-1") == order
        assert await storage.orders.by_request("another", "request-1") is None
        with pytest.raises(NotFound):
            await storage.orders.get("nonsense")


async def test_page_when_asked_by_state_then_newest_first_and_cursor_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        for number in range(1, 8):
            await storage.journal.commit(intended(number))
        await storage.journal.commit(filled(2))
        await storage.journal.commit(filled(5))
        first = await storage.orders.page(ACCOUNT, limit=3)
        assert [o.id for o in first] == [order_id(n) for n in (7, 6, 5)]
        second = await storage.orders.page(ACCOUNT, limit=10, before=first[-1].id)
        assert [o.id for o in second] == [order_id(n) for n in (4, 3, 2, 1)]
        assert [o.id for o in await storage.orders.page(ACCOUNT, "done")] == [order_id(5), order_id(2)]
        assert len(await storage.orders.page(ACCOUNT, "open")) == 5
        assert [o.id for o in await storage.orders.load_live()] == [order_id(n) for n in (1, 3, 4, 6, 7)]
        assert await storage.orders.page("nobody") == []


async def test_orders_when_asked_by_parent_or_broker_id_then_those_are_found(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(intended(1, parent="basket-1"), intended(2, parent="basket-1"), intended(3))
        await storage.journal.commit(filled(3))
        assert [o.id for o in await storage.orders.by_parent("basket-1")] == [order_id(1), order_id(2)]
        assert await storage.orders.by_parent("") == []
        found = await storage.orders.by_broker_id(ACCOUNT, "P3")
        assert found is not None
        assert found.id == order_id(3)
        assert await storage.orders.by_broker_id(ACCOUNT, "") is None
        assert sorted(await storage.orders.load_requests()) == [(ACCOUNT, f"request-{n}") for n in (1, 2, 3)]


async def test_steps_when_an_order_went_its_way_then_each_step_once_in_order(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(intended(1), intended(2))
        opened_order = make_order(1, state="OPEN", reason="", updated=NOW + timedelta(seconds=9))
        await storage.journal.commit(entry(OrderChanged(event="accepted", order=opened_order), 9, correlation="c-9"))
        await storage.journal.commit(filled(1))
        steps = await storage.orders.steps(order_id(1))
        assert [(s.event, s.state) for s in steps] == [
            ("intended", "SUBMITTING"),
            ("accepted", "OPEN"),
            ("filled", "FILLED"),
        ]
        assert [s.at_market for s in steps] == [NOW, None, NOW]
        assert steps[1].correlation == "c-9"
        assert steps[1].at == NOW + timedelta(seconds=9)
        assert [s.seq for s in steps] == [1, 3, 4]


async def test_trades_when_filled_then_charges_realised_and_pages(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        for unit in story(range(1, 5)):
            await storage.journal.commit(*unit)
        trades = await storage.fills.page(ACCOUNT, limit=2)
        assert [t.fill.execution for t in trades] == ["X4", "X3"]
        rest = await storage.fills.page(ACCOUNT, before=trades[-1].entry)
        assert [t.fill.execution for t in rest] == ["X2", "X1"]
        trade = (await storage.fills.of_order(order_id(1)))[0]
        assert trade.fill == filled(1).payload.fill  # type: ignore[union-attr]
        assert trade.charges.total == Decimal("23.60")
        assert (trade.product, trade.realised_minor) == ("NRML", 0)
        assert await storage.fills.load_executions() == {(ACCOUNT, f"X{n}") for n in range(1, 5)}
        assert await storage.fills.load_executions(NOW + timedelta(seconds=3)) == {(ACCOUNT, "X3"), (ACCOUNT, "X4")}
        assert [t.fill.execution for t in await storage.fills.load_since(NOW)] == ["X1", "X2", "X3", "X4"]
        assert await storage.fills.load_since(NOW + timedelta(seconds=1)) == []


async def test_realised_when_profit_was_posted_then_it_stands_with_its_sign(tmp_path: Path) -> None:
    fill = filled(1).payload
    assert isinstance(fill, FillApplied)
    gain = msgspec.structs.replace(fill, postings=(*fill.postings, *transfer("p", "profit", "cash", 700_00)))
    async with opened(tmp_path) as storage:
        await storage.journal.commit(entry(gain))
        assert (await storage.fills.page(ACCOUNT))[0].realised_minor == 700_00


async def test_positions_when_filled_again_then_the_last_one_stands(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(intended(1), filled(1))
        await storage.journal.commit(intended(2), filled(2, quantity=130))
        (position,) = await storage.positions.of(ACCOUNT)
        assert (position.key, position.quantity, position.average) == (NIFTY_CALL, 130, Decimal("182.25"))
        assert position == filled(2, quantity=130).payload.position  # type: ignore[union-attr]
        assert await storage.positions.load_all() == [position]
        assert await storage.positions.of("nobody") == []
