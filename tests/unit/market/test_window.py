"""Settlement values: the mean of the last minutes, weighted by volume where there is any."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from server.domain.instruments import Instrument
from server.market.catalogue import Catalogue
from server.market.slots import Slots
from server.market.window import MinuteWindow
from tests.instruments import future

START = datetime(2026, 12, 8, 9, 30, tzinfo=UTC)
INDEX = Instrument(symbol="NIFTY", exchange="NSE_INDEX", kind="INDEX", name="NIFTY", segment="INDEX")
SHARE = Instrument(symbol="SBIN", exchange="NSE", kind="EQUITY", name="SBIN", segment="CASH_FNO_STOCK")


def sampled(index: list[float], share: list[tuple[float, int]]) -> MinuteWindow:
    slots = Slots(2)
    window = MinuteWindow(Catalogue([INDEX, SHARE]), slots)
    for minute, (level, (price, volume)) in enumerate(zip(index, share, strict=True)):
        slots.quotes["ltp"][:2] = (level, price)
        slots.quotes["volume"][:2] = (0, volume)
        window.sample(START + timedelta(minutes=minute, seconds=50))
    return window


def test_index_settles_at_the_plain_mean() -> None:
    window = sampled([100.0, 200.0, 300.0, 400.0], [(1.0, 0)] * 4)
    assert window.mean(INDEX.key, (START, START + timedelta(minutes=4))) == Decimal("250.00")
    assert window.mean(INDEX.key, (START + timedelta(minutes=2), START + timedelta(minutes=4))) == Decimal("350.00")


def test_share_settles_at_the_mean_weighted_by_volume() -> None:
    window = sampled([1.0] * 4, [(100.0, 50), (200.0, 150), (300.0, 150), (400.0, 450)])
    # the first minute's own volume is not known: 100 at 200, 0 at 300, 300 at 400
    assert window.mean(SHARE.key, (START, START + timedelta(minutes=4))) == Decimal("350.00")


def test_window_hardly_seen_is_not_known() -> None:
    window = sampled([100.0, 200.0], [(1.0, 0)] * 2)
    assert window.mean(INDEX.key, (START, START + timedelta(minutes=30))) is None
    assert window.mean("NSE:NOBODY", (START, START + timedelta(minutes=2))) is None


def test_future_is_kept_and_known_to_have_traded_or_not() -> None:
    slots = Slots(2)
    contract = future("NIFTY", date(2026, 12, 29))
    window = MinuteWindow(Catalogue([INDEX, contract]), slots)
    for minute, (price, volume) in enumerate([(100.0, 5), (110.0, 15), (120.0, 15), (130.0, 15)]):
        slots.quotes["ltp"][:2] = (1.0, price)
        slots.quotes["volume"][:2] = (0, volume)
        window.sample(START + timedelta(minutes=minute))
    span = (START, START + timedelta(minutes=4))
    assert window.mean(contract.key, span) == Decimal("110.00")
    assert window.traded(contract.key, span) is True
    assert window.traded(contract.key, (START + timedelta(minutes=2), START + timedelta(minutes=4))) is False
    assert window.traded(contract.key, (START, START + timedelta(minutes=30))) is None, "not seen"
