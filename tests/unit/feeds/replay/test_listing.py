"""Instruments of a replayed day carry the facts of that day; where rules are missing, trading is refused in words."""

from datetime import date
from decimal import Decimal
from typing import cast

import pytest

from server.core.clock import ManualClock
from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.feeds.replay.listing import list_day
from server.orders.validate import instrument_of
from server.risk.ports import Market
from tests.trading import FakeMarket, rulebook
from tests.unit.feeds.replay.kit import AT, Bench, minute_rows

HEAD = "date,open,high,low,close,volume"


def listed(bench: Bench, day: date) -> dict[str, Instrument]:
    found = list_day(rulebook(), "zerodha", bench.recordings.recordings(day))
    return {instrument.symbol: instrument for instrument in found}


def flat(day: str) -> list[str]:
    return [f"{row.split(',')[0]},100,101,99,100.5,30" for row in minute_rows(day)]


def test_list_day_when_rules_are_known_then_lot_tick_and_freeze_of_that_day(bench: Bench) -> None:
    bench.write("BANKNIFTY_10JAN2024_47400CE.csv", [HEAD, *flat("2024-01-05")])
    bench.write("NIFTY_14OCT2025_25000CE.csv", [HEAD, *flat("2025-10-08")])
    bench.write("RELIANCE.csv", [HEAD, *flat("2025-10-08")])
    older = listed(bench, date(2024, 1, 5))["BANKNIFTY10JAN2447400CE"]
    assert (older.lot, older.tick, older.tradable, older.barred) == (15, Decimal("0.05"), True, "")
    newer = listed(bench, date(2025, 10, 8))
    assert (newer["NIFTY14OCT2525000CE"].lot, newer["NIFTY14OCT2525000CE"].freeze) == (75, 1800)
    assert newer["RELIANCE"].tradable


def test_list_day_when_rules_are_not_known_then_barred_and_orders_refused_in_words(bench: Bench) -> None:
    bench.write("ICICIBANK_27APR2023_880CE.csv", [HEAD, *flat("2023-04-05")])
    option = listed(bench, date(2023, 4, 5))["ICICIBANK27APR23880CE"]
    assert (option.lot, option.tick, option.tradable) == (1, Decimal("0.05"), False)
    assert option.barred == (
        "ICICIBANK27APR23880CE cannot be traded on this day. "
        "The rulebook has no lot for ICICIBANK expiring on 2023-04-27."
    )
    with pytest.raises(Invalid) as caught:
        instrument_of(cast("Market", FakeMarket(option)), option.key)
    assert caught.value.code == "order.barred"
    assert caught.value.detail == f"Not sent: {option.barred}"


def test_list_day_when_calendar_is_not_known_then_shares_are_barred(bench: Bench) -> None:
    rows = minute_rows("2009-03-02", start="09:55", count=300, price=1_200.0)
    bench.write("RELIANCE.csv", [HEAD, *rows])
    share = listed(bench, date(2009, 3, 2))["RELIANCE"]
    assert "holidays of 2009 are not in the rulebook" in share.barred
    assert not share.tradable


def test_list_day_when_shares_of_2021_then_tradable_for_their_rules_are_known(bench: Bench) -> None:
    bench.write("SBIN.csv", ["timestamp,ltp,volume", *(f"2021-04-05 10:00:{i:02d},{350 + i},{i}" for i in range(60))])
    assert listed(bench, date(2021, 4, 5))["SBIN"].tradable


def test_feed_when_day_before_is_imported_then_previous_closes_else_none(bench: Bench) -> None:
    bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-03")])
    bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-05", price=22_050.0)])
    assert bench.library.feed("2024-01-05", ManualClock(AT)).previous_closes() == {}
    bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-04", price=21_900.0)])
    assert bench.library.feed("2024-01-05", ManualClock(AT)).previous_closes() == {"NSE_INDEX:NIFTY": 22_275.0}
