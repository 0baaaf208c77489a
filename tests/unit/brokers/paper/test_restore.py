"""After a restart: acknowledged orders work on, others never were, interrupted settlements are finished."""

from decimal import Decimal

import msgspec

from server.domain.books import Position
from server.domain.orders import Order
from tests.instruments import option, share
from tests.trading import DAY, FakeMarket, ist, order
from tests.unit.brokers.paper.conftest import Make

D = Decimal
SBIN = share("SBIN")
EXPIRY = DAY.replace(day=30)
CALL = msgspec.structs.replace(option("SBIN", EXPIRY, 800, "CE", lot=750), underlying=SBIN.key)


def market() -> FakeMarket:
    """SBIN at 800.00 / 800.10."""
    made = FakeMarket(SBIN, CALL)
    made.tick(SBIN.key, [("800.00", 100)], [("800.10", 100)])
    return made


def acknowledged(sent: Order, **more: object) -> Order:
    """As the books hold it."""
    return msgspec.structs.replace(sent, broker_id=sent.id, **{"state": "OPEN", **more})


def position(key: str, product: str, quantity: int) -> Position:
    """A position of the account."""
    return Position(account="paper-sim", key=key, product=product, quantity=quantity, day=DAY)  # type: ignore[arg-type]


async def test_restore_when_order_was_acknowledged_then_it_works_on_and_fills(make: Make) -> None:
    desk = make(market())
    kept = acknowledged(order(SBIN, "BUY", 50, "LIMIT", "799.00"), filled=20, average=D("799.00"), state="PARTIAL")
    desk.paper.restore([kept], [position(SBIN.key, "CNC", 20)], [])
    report = await desk.paper.find(kept.id)
    assert report is not None and (report.state, report.filled, report.client_id) == ("PARTIAL", 20, kept.id)
    desk.market.tick(SBIN.key, [("798.00", 100)], [("798.50", 100)], ltp="798.50")
    [fill] = await desk.fills()
    assert (fill.execution, fill.quantity) == (f"{kept.id}-50", 30)
    assert [p.quantity for p in await desk.paper.positions()] == [50]


async def test_restore_when_acknowledgement_never_reached_the_books_then_the_order_never_came(make: Make) -> None:
    desk = make(market())
    lost = msgspec.structs.replace(order(SBIN, "BUY", 50), state="UNKNOWN")
    desk.paper.restore([lost], [], [])
    assert await desk.paper.find(lost.id) is None
    assert await desk.paper.orders() == []


async def test_restore_when_the_orders_day_is_over_then_it_is_reported_expired(make: Make) -> None:
    desk = make(market())
    kept = acknowledged(order(SBIN, "BUY", 50, "LIMIT", "799.00", created=ist("10:00", DAY.replace(day=19))))
    desk.paper.restore([kept], [], [])
    [report] = await desk.paper.orders()
    assert (report.client_id, report.state) == (kept.id, "EXPIRED")


async def test_restore_when_the_contract_is_gone_then_it_is_reported_expired(make: Make) -> None:
    desk = make(market())
    gone = share("DELISTED")
    kept = acknowledged(order(gone, "BUY", 50, "LIMIT", "799.00"))
    desk.paper.restore([kept], [], [])
    [report] = await desk.paper.orders()
    assert report.state == "EXPIRED"


async def test_restore_stop_order_when_it_had_triggered_then_it_does_not_trigger_again(make: Make) -> None:
    desk = make(market())
    kept = acknowledged(order(SBIN, "BUY", 50, "SL", "799.00", "798.00", product="MIS"), triggered=True)
    desk.paper.restore([kept], [], [])
    desk.market.tick(SBIN.key, [("797.00", 100)], [("798.50", 100)], ltp="798.50")
    assert [f.quantity for f in await desk.fills()] == [50]
    assert await desk.reports() == []


async def test_restore_the_brokers_own_order_when_square_off_was_under_way_then_still_his(make: Make) -> None:
    desk = make(market())
    own = order(SBIN, "SELL", 100, product="MIS", origin="squareoff", created=ist("15:05"))
    own = msgspec.structs.replace(own, broker_id="SQ-1-1", state="OPEN")
    desk.market.time = ist("15:05:05")
    desk.paper.restore([own], [position(SBIN.key, "MIS", 100)], [])
    [report] = await desk.paper.orders()
    assert (report.broker_id, report.client_id, report.origin) == ("SQ-1-1", "", "squareoff")
    desk.market.tick(SBIN.key, [("800.00", 100)], [("800.10", 100)], ltp="800.00")
    desk.at(ist("15:05:16"))  # sent anew: the old one is cancelled, a new one closes the position
    assert [(f.side, f.quantity) for f in await desk.fills()] == [("SELL", 100)]
    assert await desk.paper.positions() == []


async def test_settle_when_interrupted_after_the_delivery_then_only_the_contract_is_closed(make: Make) -> None:
    first = make(market())
    first.paper.restore([], [position(CALL.key, "NRML", -750), position(SBIN.key, "CNC", 750)], [])
    first.market.values[SBIN.key, EXPIRY] = D("820")
    first.at(ist("15:40", EXPIRY))
    delivery, close = await first.fills()
    second = make(market())
    second.paper.restore([], [position(CALL.key, "NRML", -750), position(SBIN.key, "CNC", 0)], [delivery.execution])
    second.market.values[SBIN.key, EXPIRY] = D("820")
    second.at(ist("15:40", EXPIRY))
    [again] = await second.fills()
    assert (again.execution, again.price) == (close.execution, D("0"))


async def test_restore_when_no_price_is_known_yet_then_the_first_one_fills_at_the_orders_own_price(make: Make) -> None:
    desk = make(FakeMarket(SBIN, CALL))
    kept = acknowledged(order(SBIN, "BUY", 50, "LIMIT", "799.00"))
    desk.paper.restore([kept], [], [])
    desk.market.tick(SBIN.key, [("797.00", 100)], [("798.50", 100)])
    [fill] = await desk.fills()
    assert (fill.price, fill.liquidity) == (D("799.00"), "maker")
