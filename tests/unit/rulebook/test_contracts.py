"""Lots, freeze quantities, ticks, strike gaps and expiry days, laid beside real instrument masters and daily files."""

import csv
import gzip
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal

import pytest

from server.core.errors import Invalid
from server.rulebook import Rulebook
from tests.shared import shared

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("name", "expiry", "lot"),
    [
        ("NIFTY", date(2024, 4, 25), 50),
        ("NIFTY", date(2024, 5, 2), 25),
        ("NIFTY", date(2025, 1, 2), 75),
        ("NIFTY", date(2025, 1, 30), 25),
        ("NIFTY", date(2025, 2, 27), 75),
        ("NIFTY", date(2025, 12, 30), 75),
        ("NIFTY", date(2026, 1, 6), 65),
        ("NIFTY", date(2026, 11, 23), 65),
        ("BANKNIFTY", date(2024, 11, 13), 15),
        ("BANKNIFTY", date(2025, 7, 31), 35),
        ("BANKNIFTY", date(2026, 1, 27), 30),
        ("FINNIFTY", date(2026, 1, 27), 60),
        ("MIDCPNIFTY", date(2025, 12, 30), 140),
        ("SENSEX", date(2026, 12, 3), 20),
        ("RELIANCE", date(2026, 12, 29), 500),
        ("TATASTEEL", date(2026, 4, 28), 5500),
        ("TATASTEEL", date(2026, 5, 26), 2750),
        ("HDFCBANK", date(2026, 7, 28), 650),
    ],
)
def test_lot_then_it_goes_by_the_expiry(rulebook: Rulebook, name: str, expiry: date, lot: int) -> None:
    assert rulebook.lot(name, expiry) == lot


@pytest.mark.parametrize(
    ("name", "expiry", "code"),
    [
        ("NIFTY", date(2026, 12, 2), "rules.unknown_expiry"),
        ("BANKNIFTY", date(2026, 12, 1), "rules.unknown_expiry"),
        ("PAISALO", date(2026, 12, 29), "rules.unknown_name"),
        ("RELIANCE", date(2024, 3, 28), "rules.unknown_lot"),
    ],
)
def test_lot_when_the_contract_is_not_known_then_invalid(
    rulebook: Rulebook, name: str, expiry: date, code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        rulebook.lot(name, expiry)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "day", "units"),
    [
        ("NIFTY", TODAY, 1800),
        ("BANKNIFTY", date(2025, 9, 1), 900),
        ("BANKNIFTY", date(2026, 4, 1), 900),
        ("BANKNIFTY", TODAY, 600),
        ("FINNIFTY", date(2026, 3, 2), 1200),
        ("MIDCPNIFTY", date(2025, 3, 3), 4200),
        ("SENSEX", TODAY, None),
        ("RELIANCE", TODAY, None),
    ],
)
def test_freeze_quantity_by_day(rulebook: Rulebook, name: str, day: date, units: int | None) -> None:
    assert rulebook.freeze(name, day) == units


@pytest.mark.parametrize(
    ("segment", "price", "day", "tick"),
    [
        ("CASH_FNO_STOCK", "249.95", TODAY, "0.01"),
        ("CASH_FNO_STOCK", "250", TODAY, "0.05"),
        ("CASH_FNO_STOCK", "1000", TODAY, "0.05"),
        ("CASH_NON_FNO", "1000.05", TODAY, "0.10"),
        ("STOCK_FUT", "8805.5", TODAY, "0.50"),
        ("CASH_FNO_STOCK", "13442", TODAY, "1"),
        ("CASH_FNO_STOCK", "25000", TODAY, "5"),
        ("CASH_FNO_STOCK", "2500", date(2025, 4, 14), "0.05"),
        ("INDEX_FUT", "12600", TODAY, "0.05"),
        ("INDEX_FUT", "24500", TODAY, "0.10"),
        ("INDEX_FUT", "55000", TODAY, "0.20"),
        ("INDEX_OPT", "24500", TODAY, "0.05"),
        ("STOCK_OPT", "180", TODAY, "0.01"),
        ("STOCK_OPT", "180", date(2025, 11, 1), "0.05"),
        ("STOCK_OPT", "1300", TODAY, "0.05"),
    ],
)
def test_tick_by_segment_price_and_day(rulebook: Rulebook, segment: str, price: str, day: date, tick: str) -> None:
    assert rulebook.tick(segment, Decimal(price), day) == Decimal(tick)


def test_tick_on_the_other_exchange_then_it_is_that_exchanges(rulebook: Rulebook) -> None:
    assert rulebook.tick("INDEX_FUT", Decimal(80000), TODAY, "BFO") == Decimal("0.05")
    with pytest.raises(Invalid) as caught:
        rulebook.tick("CDS", Decimal(84), TODAY)
    assert caught.value.code == "rules.unknown_tick"


def test_strike_gap_then_far_contracts_have_a_wider_one(rulebook: Rulebook) -> None:
    assert rulebook.strike_gap("NIFTY", TODAY) == 50
    assert rulebook.strike_gap("NIFTY", TODAY, date(2026, 12, 29)) == 50
    assert rulebook.strike_gap("NIFTY", TODAY, date(2027, 6, 29)) == 1500
    assert rulebook.strike_gap("BANKNIFTY", TODAY) == 100
    assert rulebook.strike_gap("RELIANCE", TODAY) == 10


def test_expiries_of_nifty_then_four_weeklies_three_months_three_quarters_eight_half_years(rulebook: Rulebook) -> None:
    listed = rulebook.expiries("NIFTY", TODAY)
    assert [(e.date, e.weekly) for e in listed[:7]] == [
        (date(2026, 11, 23), False),
        (date(2026, 12, 1), True),
        (date(2026, 12, 8), True),
        (date(2026, 12, 15), True),
        (date(2026, 12, 22), True),
        (date(2026, 12, 29), False),
        (date(2027, 1, 25), False),
    ]
    assert len(listed) == 18
    assert [e.provisional for e in listed] == [e.date.year > 2026 for e in listed]


def test_futures_expiries_then_three_months_and_the_expiring_one_counts(rulebook: Rulebook) -> None:
    assert rulebook.futures_expiries("NIFTY", date(2026, 11, 23))[0] == date(2026, 11, 23)
    assert rulebook.futures_expiries("RELIANCE", date(2026, 11, 24)) == [
        date(2026, 12, 29),
        date(2027, 1, 25),
        date(2027, 2, 23),
    ]


@pytest.mark.parametrize(("original", "name"), [(date(2026, 3, 30), "NIFTY"), (date(2026, 3, 25), "SENSEX")])
def test_expiry_on_a_holiday_then_it_is_the_trading_day_before(rulebook: Rulebook, original: date, name: str) -> None:
    assert original in {e.date for e in rulebook.expiries(name, date(2026, 3, 16))}


def test_expiry_in_a_muhurat_session_then_it_moves_as_well(rulebook: Rulebook) -> None:
    assert rulebook.expiries("NIFTY", date(2025, 10, 15))[0].date == date(2025, 10, 20)


def test_expiries_of_an_unknown_name_then_invalid(rulebook: Rulebook) -> None:
    with pytest.raises(Invalid) as caught:
        rulebook.expiries("DOGE", TODAY)
    assert caught.value.code == "rules.unknown_name"


def test_underlyings_then_seven_indices_and_fifty_shares_can_be_listed_today(rulebook: Rulebook) -> None:
    indices, shares = rulebook.underlyings("INDEX"), rulebook.underlyings("EQUITY")
    assert (len(indices), len(shares)) == (7, 50)
    for u in (*indices, *shares):
        assert u.title
        assert u.reference > 0
        assert rulebook.strike_gap(u.name, TODAY) > 0
        assert all(rulebook.lot(u.name, e.date) > 0 for e in rulebook.expiries(u.name, TODAY))


def test_expiries_and_lots_when_laid_beside_a_masters_of_november_2025_then_they_agree(rulebook: Rulebook) -> None:
    seen: dict[tuple[str, str], dict[date, int]] = defaultdict(dict)
    with gzip.open(shared("data/instruments/kite_NFO_2025-11.csv.gz"), "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            kind = "FUT" if row["instrument_type"] == "FUT" else "OPT"
            seen[row["name"], kind][date.fromisoformat(row["expiry"])] = int(row["lot_size"])
    day = date(2025, 11, 24)
    for underlying in rulebook.underlyings():
        if underlying.exchange == "BSE":
            continue
        name = underlying.name
        assert sorted(seen[name, "FUT"]) == rulebook.futures_expiries(name, day), name
        # the master is older than the holiday list that moved this one
        options = {date(2026, 3, 30) if e == date(2026, 3, 31) else e: lot for e, lot in seen[name, "OPT"].items()}
        assert sorted(options) == [e.date for e in rulebook.expiries(name, day)], name
        near = rulebook.futures_expiries(name, day)[-1]
        # long-dated contracts still carried the old lot: they changed at the end of 2025-12-30
        differ = {e: lot for e, lot in options.items() if e <= near and lot != rulebook.lot(name, e)}
        # this contract was split in its life, after the master was written
        if name == "KOTAKBANK":
            assert differ == {date(2026, 1, 27): 400}
        else:
            assert not differ, name


def test_monthly_expiries_when_laid_beside_daily_files_of_2024_then_they_agree(rulebook: Rulebook) -> None:
    seen: dict[str, dict[date, int]] = defaultdict(dict)
    with gzip.open(shared("data/bhavcopy/index_futures_daily_public.csv.gz"), "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["stated_lot"] and row["date"] >= "2024-07-08":
                expiry = datetime.fromisoformat(row["expiry"]).date()
                seen[row["symbol"]][expiry] = int(float(row["stated_lot"]))
    checked = 0
    for name, lots in seen.items():
        for expiry, lot in lots.items():
            if expiry <= date(2024, 12, 31):
                assert expiry in rulebook.futures_expiries(name, expiry), (name, expiry)
                assert rulebook.lot(name, expiry) == lot, (name, expiry)
                checked += 1
    assert checked > 25
