"""The broker's own acts: intraday square-off, and expiry settlement into positions and shares."""

from decimal import Decimal

import msgspec
import pytest

from server.domain.instruments import Instrument
from server.domain.orders import Fill
from server.orders.ports import NotAccepted, OrderReport
from tests.instruments import future, index, option, share
from tests.trading import DAY, FakeMarket, ist, order
from tests.unit.brokers.paper.conftest import Desk, Make

D = Decimal
SBIN = share("SBIN")
EXPIRY = DAY.replace(day=30)
"""A Monday; the rulebook moves nothing here, the tests only need a trading day."""


def linked(instrument: Instrument, under: Instrument, **more: object) -> Instrument:
    """A contract that knows its underlying."""
    return msgspec.structs.replace(instrument, underlying=under.key, **more)


INDEX = index("NIFTY")
CALL = linked(option("NIFTY", EXPIRY, 24500, "CE"), INDEX, freeze=1800)
PUT = linked(option("NIFTY", EXPIRY, 24500, "PE"), INDEX)
FUT = linked(future("NIFTY", EXPIRY), INDEX)
STOCK_CALL = linked(option("SBIN", EXPIRY, 800, "CE", lot=750), SBIN)
STOCK_PUT = linked(option("SBIN", EXPIRY, 800, "PE", lot=750), SBIN)
STOCK_FUT = linked(future("SBIN", EXPIRY, lot=750), SBIN)


def market() -> FakeMarket:
    """Everything above, with deep books."""
    made = FakeMarket(SBIN, INDEX, CALL, PUT, FUT, STOCK_CALL, STOCK_PUT, STOCK_FUT)
    made.tick(SBIN.key, [("800.00", 5000)], [("800.10", 5000)])
    made.tick(CALL.key, [("150.00", 6500)], [("150.05", 6500)])
    made.tick(FUT.key, [("24500.00", 6500)], [("24500.10", 6500)])
    for contract in (PUT, STOCK_CALL, STOCK_PUT):
        made.tick(contract.key, [("20.00", 7500)], [("20.05", 7500)])
    made.tick(STOCK_FUT.key, [("801.00", 7500)], [("801.05", 7500)])
    return made


async def settled(desk: Desk) -> list[Fill]:
    """Settlement fills, in order."""
    return [f for f in await desk.fills() if f.liquidity == "settlement"]


def told(fills: list[Fill]) -> list[tuple[str, str, int, Decimal]]:
    """Key, side, quantity, price of fills."""
    return [(f.key, f.side, f.quantity, f.price) for f in fills]


async def test_square_off_when_its_moment_comes_then_orders_are_cancelled_and_positions_closed(make: Make) -> None:
    desk = make(market())
    await desk.paper.place(order(SBIN, "BUY", 100, product="MIS"))
    await desk.paper.place(order(SBIN, "BUY", 10, product="CNC"))
    resting = order(SBIN, "BUY", 50, "LIMIT", "790.00", product="MIS")
    await desk.paper.place(resting)
    desk.at(ist("15:04:59"))
    assert len(await desk.fills()) == 2
    desk.at(ist("15:05"))  # ten minutes before continuous trading of the share ends
    found = await desk.paper.find(resting.id)
    assert found is not None and (found.state, "square-off" in found.reason) == ("CANCELLED", True)
    own = (await desk.fills())[-1]
    assert (own.side, own.quantity, own.price) == ("SELL", 100, D("800.00"))
    [report] = [r for r in await desk.reports() if not r.client_id]
    assert (report.origin, report.state, report.product, report.broker_id) == ("squareoff", "OPEN", "MIS", own.order)
    assert [(p.product, p.quantity) for p in await desk.paper.positions()] == [("CNC", 10)]
    desk.at(ist("15:06"))
    assert len(await desk.fills()) == 3, "done once"


async def test_square_off_when_position_is_above_the_freeze_quantity_then_in_several_orders(make: Make) -> None:
    desk = make(market())
    for _ in range(2):
        await desk.paper.place(order(CALL, "SELL", 1300, product="MIS"))
    desk.at(ist("15:35"))
    assert [f.quantity for f in (await desk.fills())[-2:]] == [1755, 845]  # whole lots up to 1800
    assert await desk.paper.positions() == []


async def test_square_off_when_the_book_is_thin_then_the_rest_is_sent_anew(make: Make) -> None:
    desk = make(market(), chase_after=10.0)
    await desk.paper.place(order(SBIN, "BUY", 100, product="MIS"))
    desk.market.time = ist("15:05")
    desk.market.tick(SBIN.key, [("700.00", 40)], [("800.10", 10)], ltp="800.00")
    desk.paper.beat()  # 700 is below the protection: nothing fills
    assert len(await desk.fills()) == 1
    desk.market.tick(SBIN.key, [("700.00", 400)], [("700.10", 10)], ltp="700.00")
    desk.at(ist("15:05:11"))
    assert [(f.quantity, f.price) for f in (await desk.fills())[1:]] == [(100, D("700.00"))]


async def test_square_off_when_there_is_no_fresh_price_then_tried_again_later(make: Make) -> None:
    desk = make(market())
    await desk.paper.place(order(SBIN, "SELL", 100, product="MIS"))
    desk.market.stale.add(SBIN.key)
    desk.at(ist("15:05"))
    assert len(await desk.fills()) == 1
    desk.market.stale.clear()
    desk.at(ist("15:05:01"))
    assert len(await desk.fills()) == 2
    assert await desk.paper.positions() == []


async def test_place_intraday_order_when_square_off_has_begun_then_refused(make: Make) -> None:
    desk = make(market())
    desk.at(ist("15:06"))
    with pytest.raises(NotAccepted) as caught:
        await desk.paper.place(order(SBIN, "BUY", 1, product="MIS"))
    assert caught.value.code == "broker.squareoff"
    await desk.paper.place(order(SBIN, "BUY", 1, product="CNC"))


async def test_square_off_when_missed_the_day_before_then_closed_at_the_next_open(make: Make) -> None:
    desk = make(market())
    await desk.paper.place(order(SBIN, "BUY", 100, product="MIS"))
    monday = DAY.replace(day=23)
    desk.at(ist("09:10", monday))
    assert len(await desk.fills()) == 1
    desk.market.time = ist("09:15:01", monday)
    desk.market.tick(SBIN.key, [("790.00", 500)], [("790.10", 500)])
    desk.paper.beat()
    assert told((await desk.fills())[1:]) == [(SBIN.key, "SELL", 100, D("790.00"))]


async def test_settle_index_contracts_when_expired_then_cash_at_the_closing_value(make: Make) -> None:
    desk = make(market())
    for contract, side, quantity in ((CALL, "BUY", 65), (PUT, "SELL", 130), (FUT, "SELL", 65)):
        await desk.paper.place(order(contract, side, quantity))  # type: ignore[arg-type]
    desk.market.values[INDEX.key, EXPIRY] = D("24620.35")
    desk.at(ist("15:39:59", EXPIRY))
    assert await settled(desk) == []
    desk.at(ist("15:40", EXPIRY))
    assert told(await settled(desk)) == [
        (CALL.key, "SELL", 65, D("120.35")),  # 24620.35 - 24500
        (PUT.key, "BUY", 130, D("0")),
        (FUT.key, "BUY", 65, D("24620.35")),
    ]
    assert await desk.paper.positions() == []
    own = [u for u in await desk.pushed() if isinstance(u, OrderReport) and u.origin == "settlement"]
    assert [r.client_id for r in own] == ["", "", ""]
    assert "24620.35" in own[0].reason
    desk.at(ist("15:41", EXPIRY))
    assert len(await settled(desk)) == 3, "done once"


async def test_settle_when_closing_value_is_not_known_then_waits_for_it(make: Make) -> None:
    desk = make(market())
    await desk.paper.place(order(CALL, "BUY", 65))
    tuesday = EXPIRY.replace(month=12, day=1)
    desk.at(ist("10:00", tuesday))
    assert await settled(desk) == []
    desk.market.values[INDEX.key, EXPIRY] = D("24400")
    desk.at(ist("10:01", tuesday))
    [fill] = await settled(desk)
    assert (fill.price, fill.at_market) == (D("0"), ist("15:40", EXPIRY))


async def test_settle_on_the_day_when_market_keeps_no_closing_value_then_the_last_price_stands_in(make: Make) -> None:
    desk = make(market())
    await desk.paper.place(order(CALL, "BUY", 65))
    desk.market.time = ist("15:34", EXPIRY)
    desk.market.tick(INDEX.key, ltp="24510.00")
    desk.at(ist("15:40", EXPIRY))
    assert told(await settled(desk)) == [(CALL.key, "SELL", 65, D("10.00"))]


@pytest.mark.parametrize(
    ("contract", "side", "close", "expected", "left"),
    [
        # long call in the money: take delivery at the strike, the option ends at zero
        (STOCK_CALL, "BUY", "820", [("SBIN", "BUY", "800"), ("C", "SELL", "0")], 750),
        # short put in the money: must take delivery
        (STOCK_PUT, "SELL", "780", [("SBIN", "BUY", "800"), ("P", "BUY", "0")], 750),
        # short call in the money without shares: bought in at the close, delivered at the strike
        (STOCK_CALL, "SELL", "820", [("SBIN", "BUY", "820"), ("SBIN", "SELL", "800"), ("C", "BUY", "0")], 0),
        # long put in the money without shares
        (STOCK_PUT, "BUY", "780", [("SBIN", "BUY", "780"), ("SBIN", "SELL", "800"), ("P", "SELL", "0")], 0),
        # out of the money: nothing is delivered
        (STOCK_CALL, "BUY", "790", [("C", "SELL", "0")], 0),
        # long future: delivery at the settlement price, the future closes there
        (STOCK_FUT, "BUY", "820", [("SBIN", "BUY", "820"), ("F", "SELL", "820")], 750),
        (STOCK_FUT, "SELL", "820", [("SBIN", "BUY", "820"), ("SBIN", "SELL", "820"), ("F", "BUY", "820")], 0),
    ],
)
async def test_settle_stock_contract_when_expired_then_delivered(
    make: Make, contract: Instrument, side: str, close: str, expected: list[tuple[str, str, str]], left: int
) -> None:
    desk = make(market())
    await desk.paper.place(order(contract, side, 750))  # type: ignore[arg-type]
    desk.market.values[SBIN.key, EXPIRY] = D(close)
    desk.at(ist("15:40", EXPIRY))
    names = {SBIN.key: "SBIN", STOCK_CALL.key: "C", STOCK_PUT.key: "P", STOCK_FUT.key: "F"}
    got = [(names[f.key], f.side, str(f.price)) for f in await settled(desk)]
    assert got == expected
    assert all(f.quantity == 750 for f in await settled(desk))
    assert [(p.key, p.product, p.quantity) for p in await desk.paper.positions()] == (
        [(SBIN.key, "CNC", left)] if left else []
    )


async def test_settle_short_call_when_some_shares_are_held_then_only_the_rest_is_bought_in(make: Make) -> None:
    desk = make(market())
    await desk.paper.place(order(SBIN, "BUY", 500))
    await desk.paper.place(order(STOCK_CALL, "SELL", 750))
    desk.market.values[SBIN.key, EXPIRY] = D("820")
    desk.at(ist("15:40", EXPIRY))
    assert told(await settled(desk)) == [
        (SBIN.key, "BUY", 250, D("820")),
        (SBIN.key, "SELL", 750, D("800")),
        (STOCK_CALL.key, "BUY", 750, D("0")),
    ]
    assert await desk.paper.positions() == []
