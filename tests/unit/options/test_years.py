"""Time to expiry, to the minute, over nights, weekends, holidays and days not in the calendar yet."""

from datetime import date, datetime

import pytest

from server.core.clock import IST
from server.core.errors import Invalid
from server.core.paths import bundled
from server.options.years import NIGHT, SESSIONS, years_left
from server.rulebook import Rulebook

MONDAY = date(2026, 11, 16)
TUESDAY = date(2026, 11, 17)


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return Rulebook.load(bundled("config") / "rules")


def at(day: date, hour: int, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=IST)


def test_years_when_one_minute_passes_then_each_count_falls_by_a_minute(rulebook: Rulebook) -> None:
    one, two = (years_left(rulebook, at(MONDAY, 11, m), TUESDAY) for m in (0, 1))
    session = rulebook.session("INDEX_OPT", MONDAY)
    minutes = (session.close - session.open).total_seconds() / 60
    assert (one.calendar - two.calendar) * 365 * 24 * 60 == pytest.approx(1)
    assert (one.trading - two.trading) * SESSIONS * minutes == pytest.approx(1)
    assert (one.variance - two.variance) * SESSIONS * minutes == pytest.approx(1 - NIGHT)


def test_years_when_the_market_is_closed_then_trading_time_stands_still(rulebook: Rulebook) -> None:
    evening, night = years_left(rulebook, at(MONDAY, 16, 0), TUESDAY), years_left(rulebook, at(MONDAY, 23, 0), TUESDAY)
    assert evening.trading == night.trading == pytest.approx(1 / SESSIONS)
    assert evening.calendar > night.calendar
    # the night is over once the market opens
    morning = years_left(rulebook, at(TUESDAY, 9, 0), TUESDAY)
    opened = years_left(rulebook, rulebook.session("INDEX_OPT", TUESDAY).open, TUESDAY)
    assert morning.variance == pytest.approx(1 / SESSIONS)
    assert opened.variance == pytest.approx((1 - NIGHT) / SESSIONS)
    assert opened.trading == morning.trading


def test_years_when_a_weekend_lies_between_then_it_is_no_session(rulebook: Rulebook) -> None:
    friday = date(2026, 11, 20)
    left = years_left(rulebook, at(friday, 16, 0), date(2026, 11, 24))
    holidays = sum(not rulebook.trading_day(date(2026, 11, d), "INDEX_OPT") for d in (23, 24))
    assert left.trading == pytest.approx((2 - holidays) / SESSIONS)
    assert left.calendar > 3.5 / 365


def test_years_when_the_year_is_not_in_the_calendar_yet_then_days_count_by_the_usual_number(rulebook: Rulebook) -> None:
    left = years_left(rulebook, at(MONDAY, 12, 0), date(2029, 11, 20))
    assert left.trading == pytest.approx(left.calendar, rel=0.02)


def test_years_when_trading_has_ended_then_none(rulebook: Rulebook) -> None:
    left = years_left(rulebook, at(TUESDAY, 18, 0), TUESDAY)
    assert (left.calendar, left.trading, left.variance) == (0.0, 0.0, 0.0)


def test_years_when_the_time_has_no_zone_then_invalid(rulebook: Rulebook) -> None:
    with pytest.raises(Invalid, match="no zone"):
        years_left(rulebook, datetime(2026, 11, 16, 12, 0), TUESDAY)  # noqa: DTZ001
