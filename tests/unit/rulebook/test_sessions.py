"""Sessions: phases by segment and day, what each takes, and the December 2026 change switched on and off."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from server.core.clock import IST
from server.core.errors import Invalid
from server.rulebook import Rulebook, Session
from tests.instruments import future, option, share

NOVEMBER, DECEMBER = date(2026, 11, 20), date(2026, 12, 8)
ALL = {"LIMIT", "MARKET", "SL", "SL-M"}


def ist(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), IST).astimezone(UTC)


def plan(session: Session) -> list[tuple[str, str, str, str]]:
    """(name, from, to, order types) of each phase, in India's time."""
    return [
        (
            p.name,
            f"{p.start.astimezone(IST):%H:%M}",
            f"{p.end.astimezone(IST):%H:%M}",
            " ".join(sorted(p.order_types)),
        )
        for p in session.phases
    ]


def test_session_of_a_share_with_derivatives_in_november_2026_then_it_closes_by_auction(rulebook: Rulebook) -> None:
    assert plan(rulebook.session("CASH_FNO_STOCK", NOVEMBER)) == [
        ("preopen", "09:00", "09:05", "LIMIT MARKET"),
        ("preopen", "09:05", "09:10", "LIMIT"),
        ("preopen", "09:10", "09:12", ""),
        ("preopen", "09:12", "09:15", ""),
        ("continuous", "09:15", "15:15", "LIMIT MARKET SL SL-M"),
        ("closing_auction", "15:15", "15:20", ""),
        ("closing_auction", "15:20", "15:25", "LIMIT MARKET"),
        ("closing_auction", "15:25", "15:30", "LIMIT"),
        ("closing_auction", "15:30", "15:35", ""),
        ("post_close", "15:50", "16:00", "MARKET"),
    ]


def test_session_from_december_2026_then_it_follows_the_new_circular(rulebook: Rulebook) -> None:
    phases = plan(rulebook.session("CASH_FNO_STOCK", DECEMBER))
    assert ("continuous", "09:15", "15:30", "LIMIT MARKET SL SL-M") in phases
    assert [p for p in phases if p[0] == "closing_auction"] == [
        ("closing_auction", "15:30", "15:31", ""),
        ("closing_auction", "15:31", "15:36", "LIMIT MARKET"),
        ("closing_auction", "15:36", "15:40", "LIMIT"),
    ]


def test_session_when_the_december_rows_are_switched_off_then_november_goes_on(without_december: Rulebook) -> None:
    before = without_december.session("CASH_FNO_STOCK", NOVEMBER)
    after = without_december.session("CASH_FNO_STOCK", DECEMBER)
    assert plan(before) == plan(after)
    assert without_december.session("INDEX_OPT", DECEMBER).close == ist(DECEMBER, "15:40")


@pytest.mark.parametrize(
    ("segment", "day", "close"),
    [
        ("CASH_FNO_STOCK", date(2026, 7, 31), "15:30"),
        ("CASH_FNO_STOCK", date(2026, 8, 3), "15:15"),
        ("CASH_FNO_STOCK", date(2026, 12, 7), "15:30"),
        ("CASH_NON_FNO", NOVEMBER, "15:30"),
        ("INDEX", NOVEMBER, "15:15"),
        ("INDEX_OPT", date(2026, 7, 31), "15:30"),
        ("INDEX_FUT", date(2026, 8, 3), "15:40"),
        ("STOCK_OPT", date(2026, 12, 7), "15:45"),
        ("CDS", NOVEMBER, "17:00"),
        ("MCX", date(2026, 10, 30), "23:30"),
        ("MCX", date(2026, 11, 2), "23:55"),
        ("MCX", date(2026, 1, 1), "17:00"),
    ],
)
def test_close_of_continuous_trading_by_segment_and_day(
    rulebook: Rulebook, segment: str, day: date, close: str
) -> None:
    assert rulebook.session(segment, day).close == ist(day, close)


def test_session_when_only_the_evening_trades_then_it_opens_at_five(rulebook: Rulebook) -> None:
    session = rulebook.session("MCX", date(2026, 11, 24))
    assert (session.kind, session.open) == ("evening", ist(date(2026, 11, 24), "17:00"))


def test_closing_auction_when_it_begins_then_only_limit_orders_stay_and_none_is_disclosed(rulebook: Rulebook) -> None:
    phases = rulebook.session("CASH_FNO_STOCK", NOVEMBER).phases
    continuous = next(p for p in phases if p.name == "continuous")
    assert continuous.order_types == ALL
    assert continuous.validities == {"DAY", "IOC"}
    assert continuous.disclosed
    for phase in (p for p in phases if p.name == "closing_auction"):
        assert phase.order_types <= {"LIMIT", "MARKET"}
        assert phase.validities == {"DAY"}
        assert phase.carries == {"LIMIT"}
        assert not phase.disclosed
        assert str(phase.band) == "0.03"


@pytest.mark.parametrize(
    ("clock", "name"),
    [
        ("08:59", None),
        ("09:00", "preopen"),
        ("09:15", "continuous"),
        ("15:14", "continuous"),
        ("15:15", "closing_auction"),
        ("15:35", None),
        ("15:50", "post_close"),
        ("16:00", None),
    ],
)
def test_phase_at_a_moment_then_its_start_is_in_and_its_end_is_not(
    rulebook: Rulebook, clock: str, name: str | None
) -> None:
    phase = rulebook.phase("CASH_FNO_STOCK", ist(NOVEMBER, clock))
    assert (phase.name if phase else None) == name


def test_phase_on_a_holiday_then_none(rulebook: Rulebook) -> None:
    assert rulebook.phase("INDEX_OPT", ist(date(2026, 11, 24), "11:00")) is None


def test_session_on_a_holiday_then_invalid_names_the_next_day(rulebook: Rulebook) -> None:
    with pytest.raises(Invalid) as caught:
        rulebook.session("INDEX_OPT", date(2026, 11, 24))
    assert caught.value.code == "rules.no_session"
    assert "2026-11-25" in caught.value.remedy


def test_preopen_of_futures_then_it_began_in_december_2025_and_options_have_none(rulebook: Rulebook) -> None:
    def has(segment: str, day: date) -> bool:
        return any(p.name == "preopen" for p in rulebook.session(segment, day).phases)

    assert not has("INDEX_FUT", date(2025, 12, 5))
    assert has("INDEX_FUT", date(2025, 12, 8))
    assert not has("INDEX_OPT", NOVEMBER)


@pytest.mark.parametrize(
    ("day", "open_", "close", "kind"),
    [
        (date(2024, 11, 1), "18:00", "19:00", "muhurat"),
        (date(2025, 10, 21), "13:45", "14:45", "muhurat"),
        (date(2026, 11, 8), "18:15", "19:15", "muhurat"),
        (date(2024, 3, 2), "09:15", "12:30", "disaster_drill"),
        (date(2026, 2, 1), "09:15", "15:30", "budget"),
    ],
)
def test_special_session_then_it_has_its_own_hours(
    rulebook: Rulebook, day: date, open_: str, close: str, kind: str
) -> None:
    session = rulebook.session("INDEX_OPT", day)
    assert (session.kind, session.open, session.close) == (kind, ist(day, open_), ist(day, close))


def test_special_session_in_two_halves_then_the_pause_is_closed(rulebook: Rulebook) -> None:
    assert rulebook.phase("INDEX_OPT", ist(date(2024, 3, 2), "10:30")) is None


def test_special_session_when_its_hours_are_not_known_then_invalid(rulebook: Rulebook) -> None:
    with pytest.raises(Invalid) as caught:
        rulebook.session("INDEX_OPT", date(2024, 5, 18))
    assert caught.value.code == "rules.unknown_hours"


def test_session_of_every_equity_day_of_three_years_then_phases_follow_each_other(rulebook: Rulebook) -> None:
    day, sessions = date(2024, 1, 1), 0
    while day <= date(2026, 12, 31):
        if rulebook.trading_day(day) and day != date(2024, 5, 18):
            for segment in ("INDEX", "CASH_FNO_STOCK", "CASH_NON_FNO", "INDEX_FUT", "INDEX_OPT", "STOCK_FUT"):
                phases = rulebook.session(segment, day).phases
                assert all(p.start < p.end for p in phases)
                assert all(a.end <= b.start for a, b in pairwise(phases))
            sessions += 1
        day += timedelta(days=1)
    assert sessions > 740


@pytest.mark.parametrize(
    ("broker", "segment", "day", "clock"),
    [
        ("zerodha", "CASH_FNO_STOCK", date(2026, 7, 31), "15:20"),
        ("zerodha", "INDEX_OPT", date(2026, 7, 31), "15:25"),
        ("paper", "CASH_FNO_STOCK", NOVEMBER, "15:05"),
        ("paper", "INDEX_OPT", NOVEMBER, "15:35"),
        ("fyers", "INDEX_OPT", DECEMBER, "15:40"),
        ("zerodha", "INDEX_OPT", date(2025, 10, 21), "14:40"),
        ("zerodha", "MCX", NOVEMBER, "23:30"),
    ],
)
def test_square_off_then_it_is_so_many_minutes_before_the_close(
    rulebook: Rulebook, broker: str, segment: str, day: date, clock: str
) -> None:
    assert rulebook.square_off(broker, segment, day) == ist(day, clock)


def test_square_off_when_the_broker_told_no_time_then_invalid(rulebook: Rulebook) -> None:
    with pytest.raises(Invalid) as caught:
        rulebook.square_off("fyers", "INDEX_OPT", date(2026, 7, 31))
    assert caught.value.code == "rules.unknown_square_off"


def test_trading_end_when_an_index_option_expires_in_december_then_it_stops_early(
    rulebook: Rulebook, without_december: Rulebook
) -> None:
    expiring = option("NIFTY", DECEMBER, 24500, "CE")
    later = option("NIFTY", date(2026, 12, 15), 24500, "CE")
    stock = future("RELIANCE", date(2026, 12, 29), lot=500)
    assert rulebook.trading_end(expiring, DECEMBER) == ist(DECEMBER, "15:30")
    assert rulebook.trading_end(later, DECEMBER) == ist(DECEMBER, "15:45")
    assert rulebook.trading_end(stock, date(2026, 12, 29)) == ist(date(2026, 12, 29), "15:45")
    assert without_december.trading_end(expiring, DECEMBER) == ist(DECEMBER, "15:40")


def test_settlement_then_indices_pay_cash_and_shares_are_delivered(rulebook: Rulebook) -> None:
    index = rulebook.settlement(option("NIFTY", date(2026, 12, 1), 24500, "CE"))
    assert (index.how, index.price, index.window) == ("cash", "auction", None)
    stock = rulebook.settlement(future("RELIANCE", date(2026, 7, 28), lot=500))
    day = date(2026, 7, 28)
    assert (stock.how, stock.price) == ("physical", "vwap")
    assert stock.window == (ist(day, "15:00"), ist(day, "15:30"))


def test_settlement_of_a_share_then_invalid(rulebook: Rulebook) -> None:
    with pytest.raises(Invalid):
        rulebook.settlement(share())


def test_year_fraction_then_minutes_to_the_close_over_a_year(rulebook: Rulebook) -> None:
    expiry = date(2026, 12, 1)
    assert rulebook.year_fraction(ist(expiry, "15:30"), expiry) == pytest.approx(10 / (365 * 1440))
    assert rulebook.year_fraction(ist(date(2026, 11, 30), "15:40"), expiry) == pytest.approx(1 / 365)
    assert rulebook.year_fraction(ist(expiry, "15:40"), expiry) == 0
    # the calendar of 2027 is not out; the ordinary hours still give a time
    assert rulebook.year_fraction(ist(NOVEMBER, "15:45"), date(2027, 1, 25)) == pytest.approx(66 / 365)


def test_year_fraction_in_trading_time_then_a_weekend_takes_none(rulebook: Rulebook) -> None:
    expiry = date(2026, 12, 1)
    friday = rulebook.year_fraction(ist(date(2026, 11, 27), "15:40"), expiry, basis="trading")
    monday = rulebook.year_fraction(ist(date(2026, 11, 30), "09:15"), expiry, basis="trading")
    assert friday == monday > 0
    with pytest.raises(Invalid):
        rulebook.year_fraction(ist(NOVEMBER, "10:00"), expiry, basis="lunar")


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        (date(2026, 7, 31), "15:00", "15:30"),
        (NOVEMBER, "15:10", "15:40"),
        (DECEMBER, "15:15", "15:45"),
    ],
)
def test_daily_settlement_when_hours_change_then_the_last_half_hour_goes_with_them(
    rulebook: Rulebook, day: date, start: str, end: str
) -> None:
    for name in ("NIFTY", "RELIANCE"):
        window = rulebook.daily_settlement(future(name, date(2026, 12, 29)), day)
        assert window == (ist(day, start), ist(day, end))


def test_daily_settlement_when_there_is_none_then_an_error_and_no_guess(rulebook: Rulebook) -> None:
    saturday = date(2026, 11, 21)
    for instrument, day, code in (
        (future("NIFTY", date(2026, 12, 29)), saturday, "rules.no_session"),
        (option("NIFTY", date(2026, 12, 1), 24500, "CE"), NOVEMBER, "rules.mark"),
        (share("RELIANCE"), NOVEMBER, "rules.mark"),
    ):
        with pytest.raises(Invalid) as caught:
            rulebook.daily_settlement(instrument, day)
        assert caught.value.code == code
