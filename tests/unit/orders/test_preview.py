"""The ticket's numbers, without any effect."""

from decimal import Decimal

import msgspec
import pytest

from server.core.errors import Invalid, NotFound
from tests.orders_kit import CALL, INFY, Stage, request
from tests.trading import ist

PUT = msgspec.structs.replace(CALL, symbol=CALL.symbol.removesuffix("CE") + "PE", right="PE")


async def test_preview_when_an_option_is_bought_then_premium_charges_breakeven_and_loss() -> None:
    async with Stage() as stage:
        found = stage.service.preview(request(CALL, product="NRML"))
        charges = Decimal(found.charges.total)
        assert found.price_used == "150.05"
        assert found.value == found.premium == "9753.25"
        assert Decimal(found.margin_required) == Decimal("9753.25") + charges
        assert found.margin_final == "0.00"
        assert Decimal(found.free_after) == Decimal(found.free_now) - Decimal(found.margin_required)
        assert Decimal("150.05") < Decimal(found.breakeven or 0) < Decimal(152)
        assert Decimal(found.max_loss or 0) > Decimal("9753.25")
        assert (found.day_loss_room, found.capital_share) == ("50000.00", "2.0")
        assert found.problems == []
        assert not stage.journal.entries
        assert not stage.broker.received


async def test_preview_when_shares_are_sold_short_then_margin_and_breakeven_below() -> None:
    async with Stage() as stage:
        found = stage.service.preview(request(side="SELL"))
        assert (found.premium, found.margin_final, found.max_loss) == ("0.00", "5000.00", None)
        assert Decimal(found.breakeven or 0) < Decimal("2499.95")


async def test_preview_when_shares_are_bought_then_they_can_fall_to_nothing_and_no_further() -> None:
    async with Stage() as stage:
        found = stage.service.preview(request())
        assert Decimal(found.value) < Decimal(found.max_loss or 0) < Decimal(found.value) * Decimal("1.01")


async def test_preview_when_options_are_sold_then_a_put_can_lose_its_strike_and_a_call_has_no_bound() -> None:
    async with Stage() as stage:
        stage.market.listed[PUT.key] = PUT
        stage.market.prices[PUT.key] = Decimal("140.00")
        sold = stage.service.preview(request(PUT, side="SELL", product="NRML"))
        worst = PUT.strike * PUT.lot - Decimal(sold.value) if PUT.strike is not None else Decimal(0)
        assert worst < Decimal(sold.max_loss or 0) < worst * Decimal("1.01")
        assert stage.service.preview(request(CALL, side="SELL", product="NRML")).max_loss is None


async def test_preview_when_everything_is_wrong_then_every_problem_is_listed_and_nothing_raised() -> None:
    async with Stage() as stage:
        stage.market.ages[CALL.key] = 30.0
        found = stage.service.preview(request(CALL, quantity=3700, product="NRML"))
        assert [p.code for p in found.problems] == ["order.lot", "order.freeze", "risk.stale_price", "risk.funds"]
        assert found.price_age == 30.0
        assert "The last price is 30 s old." in [note.text for note in found.notes]
        bad = stage.service.preview(request(type="LIMIT", price="NaN"))
        assert [p.code for p in bad.problems] == ["order.price"]


async def test_preview_when_it_reduces_then_no_margin_is_asked_and_it_says_so() -> None:
    async with Stage() as stage:
        stage.broker.script.append("fill")
        await stage.finish(stage.service.place(request(), actor="owner"))
        await stage.settle()
        found = stage.service.preview(request(side="SELL"))
        assert Decimal(found.margin_required) == Decimal(found.charges.total)
        assert "Reduces your position." in [note.text for note in found.notes]


async def test_preview_when_the_market_is_closed_then_after_market_is_offered() -> None:
    async with Stage(start=ist("18:00")) as stage:
        assert [p.code for p in stage.service.preview(request()).problems] == ["order.closed"]
        queued = stage.service.preview(request(after_market=True))
        assert queued.problems == []
        assert "Goes out when the market opens." in [note.text for note in queued.notes]


async def test_preview_when_trading_is_halted_then_it_still_answers() -> None:
    async with Stage() as stage:
        stage.journal.fail = True
        stage.service.desk.note("x", {}, "owner", "", "")
        await stage.settle()
        assert stage.service.preview(request(INFY)).problems[0].code == "journal.broken"


async def test_preview_when_there_is_nothing_to_show_then_raises() -> None:
    async with Stage() as stage:
        with pytest.raises(Invalid):
            stage.service.preview(request(key="NSE:NOPE"))
        with pytest.raises(NotFound):
            stage.service.preview(request(account="nobody"))
