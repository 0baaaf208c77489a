"""What trades in fractions, from the request through the books and back: whole units inside, decimals in words."""

from collections.abc import AsyncIterator
from decimal import Decimal

import msgspec
import pytest

from server.core.errors import Denied, Invalid
from server.domain.orders import Order
from server.orders.ports import Change
from tests.orders_kit import Stage, request
from tests.unit.risk.proposals import COIN

D = Decimal
PERPETUAL = msgspec.structs.replace(COIN, symbol="BTCUSDTPERP", kind="FUTURE", segment="CRYPTO_PERP", unit=D("0.001"))


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Books in dollars; BTCUSDT at 60,000 in steps of 0.00001, its perpetual in steps of 0.001."""
    async with Stage() as made:
        made.service.desk.accounts["paper-sim"] = msgspec.structs.replace(made.account, currency="USDT")  # type: ignore[index]
        for one in (COIN, PERPETUAL):
            made.market.listed[one.key] = one
            made.market.prices[one.key] = D("60000.00")
        yield made


async def bought(stage: Stage, quantity: int, **terms: object) -> Order:
    """A filled order."""
    stage.broker.script.append("fill")
    placed = await stage.finish(stage.service.place(request(COIN, quantity=quantity, **terms), actor="owner"))
    await stage.settle()
    return stage.order(placed.order.id)


async def test_buy_when_a_fraction_then_value_cost_and_words_are_of_the_fraction(stage: Stage) -> None:
    order = await bought(stage, 1500, product="CNC")
    assert (order.quantity, order.unit, order.filled, order.state) == (1500, COIN.unit, 1500, "FILLED")
    held = stage.position(COIN, "CNC")
    assert (held.quantity, held.unit, held.average) == (1500, COIN.unit, order.average)
    assert held.average is not None
    assert held.cost_minor == int(held.average * D("0.015") * 100)
    assert stage.ledger.balances("paper-sim")["positions"] == held.cost_minor
    mark = stage.ledger.mark("paper-sim", {COIN.key: held.average + 1000})
    assert mark[COIN.key, "CNC"] == 1500  # 0.015 of 1,000 dollars, in cents
    stage.check_books()
    await stage.restart()
    assert stage.position(COIN, "CNC").unit == COIN.unit


async def test_sell_when_more_than_is_held_then_refused_in_fractions(stage: Stage) -> None:
    await bought(stage, 1500, product="CNC")
    with pytest.raises(Denied) as refused:
        await stage.finish(stage.service.place(request(COIN, side="SELL", quantity=1501, product="CNC"), actor="owner"))
    assert refused.value.detail == "Not sent: you hold 0.015 BTCUSDT for delivery, 0 already on offer."
    assert (refused.value.headroom, refused.value.value) == ("0.015", "0.01501")


async def test_preview_when_a_fraction_then_value_and_breakeven_in_the_coins_price(stage: Stage) -> None:
    found = stage.service.preview(request(COIN, quantity=1500, product="CNC", type="LIMIT", price="60000.00"))
    assert (found.value, found.premium, found.breakeven) == ("900.00", "900.00", "60000.00")
    assert found.problems == []
    (small,) = stage.service.preview(request(COIN, quantity=8, product="CNC", type="LIMIT", price="60000.00")).problems
    assert (small.code, small.headroom) == ("order.least_value", "0.00009")
    short = stage.service.preview(request(COIN, quantity=15_000_000, product="CNC", type="LIMIT", price="60000.00"))
    (funds,) = [p for p in short.problems if p.code == "risk.funds"]
    assert "USDT" in funds.detail and "Rs" not in funds.detail


async def test_perpetual_when_bought_then_it_holds_margin_and_pays_no_principal(stage: Stage) -> None:
    stage.broker.script.append("fill")
    placed = stage.service.place(request(PERPETUAL, quantity=15, product="NRML"), actor="owner")
    await stage.finish(placed)
    await stage.settle()
    assert stage.position(PERPETUAL, "NRML").quantity == 15
    balances = stage.ledger.balances("paper-sim")
    assert balances["positions"] == 0
    assert balances["margin"] == 18_000  # a fifth of 0.015 x 60,000, in cents


async def test_step_when_the_exchange_changes_it_then_what_is_held_is_the_same_and_old_orders_are_not_grown(
    stage: Stage,
) -> None:
    await bought(stage, 1500, product="CNC")
    resting = await stage.finish(
        stage.service.place(
            request(COIN, quantity=1000, product="CNC", type="LIMIT", price="59000.00", unit=COIN.unit), actor="owner"
        )
    )
    coarser = msgspec.structs.replace(COIN, unit=D("0.0001"))
    stage.market.listed[COIN.key] = coarser
    held = stage.service.desk.position("paper-sim", COIN.key, "CNC")
    assert (held.quantity, held.unit) == (150, D("0.0001"))
    with pytest.raises(Invalid) as changed:
        await stage.finish(stage.service.modify(resting.order.id, Change(quantity=2000), 0, actor="owner"))
    assert changed.value.code == "order.unit"
    with pytest.raises(Invalid) as counted:
        await stage.finish(stage.service.place(request(COIN, quantity=1500, unit=COIN.unit), actor="owner"))
    assert (counted.value.code, counted.value.field) == ("order.unit", "unit")
    await bought(stage, 5, product="CNC")
    after = stage.position(COIN, "CNC")
    assert after.quantity * after.unit == D("0.0155")
    stage.check_books()
