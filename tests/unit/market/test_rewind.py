"""A market whose feed was sought: figures of the day come from a feed that knows them, bars ahead are forgotten."""

from datetime import timedelta

from server.market.ports import Rewindable
from tests.unit.market.kit import OPEN, MemoryStore, ToldFeed, make_hub, ticks


def test_rewind_when_the_feed_knows_the_day_then_its_figures_stand() -> None:
    hub, _, market = make_hub()
    market.jump(OPEN + timedelta(minutes=10))
    hub.intake(ticks((1, 590, 1_500.0), volume=900))
    market.jump(OPEN + timedelta(minutes=5))
    hub.rewind({"NSE:RELIANCE": (1_400.0, 1_450.0, 1_390.0, 500), "NSE:NOBODY": (1.0, 1.0, 1.0, 1)})
    hub.intake(ticks((1, 299, 1_420.0), volume=530))
    quote = hub.quote("NSE:RELIANCE")
    assert quote is not None
    figures = [quote.open, quote.high, quote.low, quote.ltp, quote.volume]
    assert [float(value or 0) for value in figures] == [1_400.0, 1_450.0, 1_390.0, 1_420.0, 530.0]


async def test_rewind_when_the_feed_does_not_know_then_only_bars_ahead_are_forgotten() -> None:
    hub, _, market = make_hub(store=MemoryStore())
    for minute in range(4):
        market.jump(OPEN + timedelta(minutes=minute + 1))
        hub.intake(ticks((1, 60 * minute, 1_400.0 + minute), volume=minute))
        hub.book.sweep(int(market.now().timestamp()) * 1_000_000_000)
    market.jump(OPEN + timedelta(minutes=2))
    hub.rewind()
    hub.book.hand_over()
    bars = await hub.bars("NSE:RELIANCE", "1m", None, 10)
    assert bars.close.tolist() == [1_400.0, 1_401.0]


def test_rewindable_when_a_feed_has_no_figures_then_it_is_none() -> None:
    assert not isinstance(ToldFeed(), Rewindable)


def test_remember_when_a_restart_finds_the_days_minutes_then_open_high_and_low_go_on() -> None:
    hub, _, market = make_hub()
    market.jump(OPEN + timedelta(minutes=10))
    hub.intake(ticks((1, 590, 1_500.0), volume=900))
    hub.intake(ticks((1, 595, 1_470.0), volume=950))
    hub.remember({"NSE:RELIANCE": (1_400.0, 1_490.0, 1_380.0), "NSE:NOBODY": (1.0, 1.0, 1.0)})
    hub.intake(ticks((1, 599, 1_375.0), volume=990))
    quote = hub.quote("NSE:RELIANCE")
    assert quote is not None
    assert [float(value or 0) for value in (quote.open, quote.high, quote.low)] == [1_400.0, 1_500.0, 1_375.0]
