"""Markets outside India by India's calendar day."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from server.core.errors import Invalid
from server.domain.instruments import Instrument
from tests.trading import rulebook

APPLE = Instrument(
    symbol="AAPL",
    exchange="GLOBAL",
    kind="EQUITY",
    name="AAPL",
    segment="US_EQUITY",
    tick=Decimal("0.01"),
    currency="USD",
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-11-20 14:29", False),  # Friday in winter: New York opens 14:30 UTC
        ("2026-11-20 14:30", True),
        ("2026-11-20 20:59", True),  # 02:29 on Saturday in India
        ("2026-11-20 21:00", False),
        ("2026-11-26 15:00", False),  # Thanksgiving
        ("2026-11-27 17:59", True),  # the day after closes at 13:00
        ("2026-11-27 18:00", False),
        ("2026-07-06 13:30", True),  # summer time
        ("2026-07-03 15:00", False),  # Independence Day observed
    ],
)
def test_us_shares_when_asked_for_a_moment_then_new_york_hours_hold(moment: str, open_: bool) -> None:
    assert (rulebook().phase("US_EQUITY", utc(moment)) is not None) is open_


def test_us_session_when_it_crosses_midnight_in_india_then_both_days_have_their_part() -> None:
    friday = rulebook().session("US_EQUITY", date(2026, 11, 20))
    saturday = rulebook().session("US_EQUITY", date(2026, 11, 21))
    assert friday.phases[-1].end == saturday.phases[0].start == utc("2026-11-20 18:30")
    assert saturday.phases[-1].end == utc("2026-11-20 21:00")


def test_crypto_when_asked_for_any_day_then_one_phase_from_midnight_to_midnight() -> None:
    session = rulebook().session("CRYPTO", date(2026, 11, 22))
    assert [(p.start, p.end) for p in session.phases] == [(utc("2026-11-21 18:30"), utc("2026-11-22 18:30"))]


def test_currencies_when_the_week_ends_then_they_close_friday_evening_in_new_york() -> None:
    assert rulebook().phase("FX", utc("2026-11-20 21:59")) is not None
    assert rulebook().phase("FX", utc("2026-11-20 22:00")) is None
    assert rulebook().phase("FX", utc("2026-11-22 22:00")) is not None


def test_us_shares_when_the_calendar_is_not_published_then_refused() -> None:
    with pytest.raises(Invalid, match="published up to 2027-12-31"):
        rulebook().session("US_EQUITY", date(2028, 1, 3))


def test_us_share_when_ordered_then_types_band_charges_and_margin_are_those_abroad() -> None:
    book, day = rulebook(), date(2026, 11, 20)
    assert "LIMIT" in book.order_types(APPLE, day)
    assert book.price_band(APPLE, Decimal(200), day) == (Decimal("20.00"), Decimal("2000.00"))
    assert book.charges("alpaca", APPLE, "BUY", "CNC", 10, Decimal(200), day).total == 0
    assert book.margin_rules(APPLE, day).equity_upfront == 0.5
    assert book.next_trading_day(date(2026, 11, 21), "US_EQUITY") == date(2026, 11, 23)
