"""Risk state, day start and the day-loss breaker."""

from datetime import date

import msgspec
import pytest

from server.core.clock import ManualClock
from server.domain.journal import RiskChanged
from server.ledger.funds import Funds
from server.risk.breaker import begin_day, day_result, drawdown, release, trip
from server.risk.limits import Limits
from server.risk.state import ALL, RiskState
from tests.trading import DAY, ist

ACCOUNT = "paper-sim"


def funds(equity: int, capital: int = 50_000_000) -> Funds:
    """Funds with this wealth, all of it cash."""
    return Funds(
        account=ACCOUNT,
        cash_minor=equity,
        margin_minor=0,
        free_minor=equity,
        capital_minor=capital,
        positions_minor=0,
        realised_minor=0,
        charges_minor=0,
        tax_minor=0,
        unrealised_minor=0,
        realised_today_minor=0,
        charges_today_minor=0,
        tax_today_minor=0,
        day=None,
    )


def state() -> RiskState:
    """Risk of accounts nobody has touched."""
    return RiskState(ManualClock(ist("10:00")), Limits(day_loss=1000))


def test_load_when_changes_were_written_then_all_of_it_is_back() -> None:
    one = state()
    rows: list[RiskChanged] = [
        one.set_limits(ACCOUNT, Limits(order_quantity=5)),
        one.set_state(ACCOUNT, "REDUCING", "too hot", "day_loss"),
        *begin_day(one, ACCOUNT, DAY, funds(50_000_000)),
        one.set_kill(True, "stop"),
    ]
    rows = [msgspec.json.decode(msgspec.json.encode(r), type=RiskChanged) for r in rows]
    two = state()
    two.load(rows)
    assert two.of(ACCOUNT).limits.order_quantity == 5
    assert two.of(ACCOUNT).day_start == one.of(ACCOUNT).day_start
    assert two.kill == one.kill
    assert rows[-1].account == ALL
    assert two.trading_state(ACCOUNT) == ("HALTED", "stop")
    two.set_kill(False, "calm")
    assert two.trading_state(ACCOUNT)[0] == "ACTIVE", "the new day had reset the breaker"


def test_load_when_the_disk_knows_of_no_kill_switch_then_an_engaged_one_stays() -> None:
    risk = state()
    risk.set_kill(True, "stop")
    risk.load([])
    assert risk.kill.engaged


def test_limits_when_the_rate_changes_then_the_bucket_does() -> None:
    risk = state()
    risk.set_limits(ACCOUNT, Limits(orders_per_second=2.0))
    bucket = risk.of(ACCOUNT).bucket
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    risk.set_limits(ACCOUNT, Limits(orders_per_second=2.0, order_quantity=9))
    assert not risk.of(ACCOUNT).bucket.take(), "other limits do not refill it"


def test_begin_day_when_money_is_paid_in_then_it_is_no_profit() -> None:
    risk = state()
    assert day_result(risk, ACCOUNT, funds(1)) is None
    assert [c.name for c in begin_day(risk, ACCOUNT, DAY, funds(50_000_000))] == ["day_start", "peak"]
    assert begin_day(risk, ACCOUNT, DAY, funds(40_000_000)) == []
    assert day_result(risk, ACCOUNT, funds(59_950_000, 60_000_000)) == -50_000


@pytest.mark.parametrize(("equity", "tripped"), [(49_900_001, False), (49_900_000, True)])
def test_trip_when_the_loss_reaches_the_limit_then_reducing(equity: int, tripped: bool) -> None:
    risk = state()
    begin_day(risk, ACCOUNT, DAY, funds(50_000_000))
    changes = trip(risk, ACCOUNT, funds(equity))
    assert bool(changes) == tripped
    assert risk.trading_state(ACCOUNT)[0] == ("REDUCING" if tripped else "ACTIVE")
    if tripped:
        assert "Rs 1000.00 has reached your limit of Rs 1000.00" in changes[0].reason
        assert trip(risk, ACCOUNT, funds(equity)) == [], "once"


def test_begin_day_when_the_breaker_had_tripped_then_active_again_but_not_what_the_user_set() -> None:
    risk = state()
    begin_day(risk, ACCOUNT, DAY, funds(50_000_000))
    trip(risk, ACCOUNT, funds(1))
    next_day = date(2026, 11, 23)
    assert [c.name for c in begin_day(risk, ACCOUNT, next_day, funds(1))] == ["day_start", "state"]
    assert risk.trading_state(ACCOUNT)[0] == "ACTIVE"
    risk.set_state(ACCOUNT, "HALTED", "holiday")
    begin_day(risk, ACCOUNT, date(2026, 11, 25), funds(1))
    assert risk.trading_state(ACCOUNT) == ("HALTED", "holiday")


def test_trip_when_wealth_has_fallen_from_its_peak_then_reducing_until_released() -> None:
    risk = RiskState(ManualClock(ist("10:00")), Limits(day_loss=1_000_000, drawdown=10.0))
    begin_day(risk, ACCOUNT, DAY, funds(50_000_000))
    assert [c.name for c in trip(risk, ACCOUNT, funds(60_000_000))] == ["peak"]
    assert trip(risk, ACCOUNT, funds(60_100_000)) == [], "a small rise is not written"
    assert trip(risk, ACCOUNT, funds(54_000_001)) == []
    (change,) = trip(risk, ACCOUNT, funds(54_000_000))
    assert change.body == {"state": "REDUCING", "cause": "drawdown"}
    assert "10.0 % below its highest worth; your limit is 10 %" in change.reason
    assert [c.name for c in begin_day(risk, ACCOUNT, date(2026, 11, 23), funds(54_000_000))] == ["day_start"]
    assert risk.trading_state(ACCOUNT)[0] == "REDUCING", "a new day does not forgive it"
    assert [c.name for c in release(risk, ACCOUNT, funds(54_000_000))] == ["peak"]
    risk.set_state(ACCOUNT, "ACTIVE", "seen")
    assert trip(risk, ACCOUNT, funds(53_000_000)) == []


def test_drawdown_when_money_is_taken_out_then_it_is_no_fall() -> None:
    risk = state()
    begin_day(risk, ACCOUNT, DAY, funds(50_000_000))
    assert drawdown(risk, ACCOUNT, funds(30_000_000, 30_000_000)) == 0.0
    assert drawdown(risk, ACCOUNT, funds(27_000_000, 30_000_000)) == pytest.approx(10.0)


async def test_trip_when_the_broker_errs_too_often_within_a_minute_then_reducing() -> None:
    clock = ManualClock(ist("10:00"))
    risk = RiskState(clock, Limits(errors_per_minute=3))
    begin_day(risk, ACCOUNT, DAY, funds(50_000_000))
    for _ in range(2):
        risk.note_error(ACCOUNT)
    await clock.advance(61)
    risk.note_error(ACCOUNT)
    assert trip(risk, ACCOUNT, funds(50_000_000)) == [], "old ones do not count"
    risk.note_error(ACCOUNT)
    risk.note_error(ACCOUNT)
    (change,) = trip(risk, ACCOUNT, funds(50_000_000))
    assert change.reason == "3 orders were rejected or lost within a minute; your limit is 3."
    release(risk, ACCOUNT, funds(50_000_000))
    risk.set_state(ACCOUNT, "ACTIVE", "broker is back")
    assert trip(risk, ACCOUNT, funds(50_000_000)) == []


def test_load_when_a_peak_was_written_then_drawdown_goes_on_from_it() -> None:
    one = state()
    rows = begin_day(one, ACCOUNT, DAY, funds(50_000_000))
    two = state()
    two.load([msgspec.json.decode(msgspec.json.encode(r), type=RiskChanged) for r in rows])
    assert drawdown(two, ACCOUNT, funds(40_000_000)) == pytest.approx(20.0)
