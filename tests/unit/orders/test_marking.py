"""Marks made by the order path: when the day is over, once, at the right price, for paper accounts alone."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pytest

from server.core.errors import Unavailable
from server.domain.journal import PositionMarked
from server.orders.ports import BrokerFunds
from tests.orders_kit import ACCOUNT, FUTURE, NIFTY, RELIANCE, Stage, request
from tests.trading import DAY, ist

NEXT_EXPIRY = date(2026, 12, 29)
CARRIED = msgspec.structs.replace(FUTURE, symbol="NIFTY29DEC26FUT", expiry=NEXT_EXPIRY)
MONDAY = DAY + timedelta(days=3)


async def held(stage: Stage) -> None:
    """A lot of the future, bought at 24,550."""
    stage.market.listed[CARRIED.key] = CARRIED
    stage.market.prices[CARRIED.key] = Decimal("24550.00")
    body = request(CARRIED, quantity=65, product="NRML")
    placed = await stage.finish(stage.service.place(body, actor="owner"))
    stage.broker.fill(placed.order.id)
    await stage.settle()


async def look(stage: Stage) -> list[PositionMarked]:
    """One look of the watch; all marks on disk so far."""
    await stage.service.watch_once()
    await stage.settle()
    return [e.payload for e in stage.journal.entries if isinstance(e.payload, PositionMarked)]


async def test_mark_when_the_day_is_over_then_once_with_cash_position_and_margin_in_one_entry() -> None:
    async with Stage() as stage:
        await held(stage)
        bought = stage.position(CARRIED, "NRML").average
        stage.market.settlements[CARRIED.key, DAY] = Decimal("24600.00")
        assert await look(stage) == [], "trading goes on"
        stage.market.move_to(ist("15:40:01"))
        (marked,) = await look(stage)
        assert (marked.mark.price, marked.mark.at_market) == (Decimal("24600.00"), ist("15:40"))
        assert bought is not None
        gain = int((Decimal("24600.00") - bought) * 65 * 100)
        lines = [(p.book, p.minor, p.kind, p.reference) for p in marked.postings if p.kind == "mark"]
        assert lines == [("cash", gain, "mark", "24600.00"), ("profit", -gain, "mark", "24600.00")]
        position = stage.position(CARRIED, "NRML")
        assert (position.average, position.marked) == (Decimal(24600), DAY)
        assert len(await look(stage)) == 1
        stage.check_books()


async def test_mark_when_sauda_was_down_for_the_evening_then_made_up_for_and_an_unknown_day_is_passed_over() -> None:
    async with Stage() as stage:
        await held(stage)
        stage.market.settlements[CARRIED.key, MONDAY] = Decimal("24700.00")
        await stage.restart()
        stage.market.move_to(ist("09:30", MONDAY + timedelta(days=1)))
        found = await look(stage)
        assert [one.mark.day for one in found] == [MONDAY]
        assert stage.position(CARRIED, "NRML").average == Decimal(24700)
        await stage.restart()
        assert len(await look(stage)) == 1
        stage.check_books()


async def test_mark_when_it_did_not_trade_then_at_its_underlying_with_interest() -> None:
    async with Stage() as stage:
        await held(stage)
        stage.market.untraded.add(CARRIED.key)
        stage.market.settlements[NIFTY.key, DAY] = Decimal("24500.00")
        stage.market.move_to(ist("15:40:01"))
        (marked,) = await look(stage)
        assert marked.mark.price == Decimal("24670.75")  # 24500 x e^(0.065 x 39 / 365)


async def test_mark_when_on_the_last_day_or_not_a_future_then_not() -> None:
    async with Stage() as stage:
        last = date(2026, 11, 23)  # the stage's own future ends then
        for one in (FUTURE, RELIANCE):
            placed = await stage.finish(stage.service.place(request(one), actor="owner"))
            stage.broker.fill(placed.order.id)
            await stage.settle()
            stage.market.settlements[one.key, last] = Decimal("24600.00")
        stage.market.move_to(ist("16:00", last))
        assert await look(stage) == []


async def test_mark_when_the_account_is_live_then_its_broker_counts() -> None:
    async with Stage(mode="LIVE") as stage:
        stage.broker.money = BrokerFunds(available_minor=50_000_000, used_minor=0)
        await stage.finish(stage.service.reconcile(stage.account.id))
        await held(stage)
        stage.market.settlements[CARRIED.key, DAY] = Decimal("24600.00")
        stage.market.move_to(ist("15:40:01"))
        assert await look(stage) == []


async def test_law_09_when_a_mark_cannot_be_written_then_it_is_made_once_the_journal_works() -> None:
    async with Stage() as stage:
        await held(stage)
        stage.market.settlements[CARRIED.key, DAY] = Decimal("24600.00")
        stage.market.move_to(ist("15:40:01"))
        stage.journal.fail = True
        assert await look(stage) == []
        with pytest.raises(Unavailable):
            stage.service.desk.ensure_writable()
        stage.journal.fail = False
        await stage.restart()
        assert len(await look(stage)) == 1
        assert stage.position(CARRIED, "NRML").average == Decimal(24600)
        stage.check_books()


async def test_preview_when_shares_are_sold_then_the_depository_charge_is_shown() -> None:
    async with Stage() as stage:
        shown = stage.service.preview(request(RELIANCE, side="SELL", product="CNC"))
        assert shown.charges.depository == "15.34"
        assert stage.service.preview(request(RELIANCE, product="CNC")).charges.depository == "0.00"
        assert ACCOUNT.mode == "PAPER"
