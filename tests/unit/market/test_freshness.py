"""Law 11: freshness is per instrument and knows the session; heartbeats are not data."""

from datetime import date, timedelta

import pytest

from server.core.errors import Invalid
from server.market.freshness import FreshnessRule
from server.market.table import FLAG_CLOSED, FLAG_STALE
from tests.instruments import future, index, option, share
from tests.unit.market.kit import DAY, OPEN, make_hub, ticks

SHARE, INDEX, CALL, PUT = "NSE:RELIANCE", "NSE_INDEX:NIFTY", "NFO:NIFTY01DEC2624500CE", "NFO:NIFTY01DEC2624500PE"


def test_law_11_when_no_price_came_then_not_fresh() -> None:
    hub, _, _ = make_hub()
    hub.housekeep()
    assert hub.freshness(SHARE).state == "none"
    assert not hub.fresh(SHARE)


async def test_law_11_when_an_option_is_quiet_but_its_segment_ticks_then_it_stays_fresh() -> None:
    hub, wall, market = make_hub()
    hub.housekeep()
    hub.intake(ticks((2, 0, 50.0), (3, 0, 60.0)))
    for second in range(1, 601):
        await wall.advance(1)
        await market.advance(1)
        hub.intake(ticks((3, second, 60.0 + second % 3)))
    hub.housekeep()
    assert hub.age(CALL) == pytest.approx(600)
    assert hub.fresh(CALL)
    assert hub.slots.quotes["flags"][2] == 0


async def test_law_11_when_the_segment_falls_silent_then_all_of_it_is_stale_and_other_segments_are_not() -> None:
    hub, wall, market = make_hub()
    hub.housekeep()
    for second in range(7):
        # options tick once, shares go on: a socket that lives is no data for options
        hub.intake(ticks((1, second, 100.0 + second), *(((2, second, 50.0),) if second == 0 else ())))
        await wall.advance(1)
        await market.advance(1)
    hub.housekeep()
    assert hub.freshness(CALL).state == "stale"
    assert "INDEX_OPT" in hub.freshness(CALL).reason
    assert hub.fresh(SHARE)
    assert hub.slots.quotes["flags"].tolist()[1:3] == [0, FLAG_STALE]


async def test_law_11_when_an_index_is_silent_then_it_is_stale_within_its_own_limit() -> None:
    indices = (index("NIFTY"), index("BANKNIFTY"))
    hub, wall, market = make_hub(indices)
    hub.housekeep()
    hub.intake(ticks((0, 0, 24_000.0), (1, 0, 51_000.0)))
    for second in range(1, 7):
        await wall.advance(1)
        await market.advance(1)
        hub.intake(ticks((1, second, 51_000.0 + second)))
    assert hub.freshness(INDEX).state == "stale"
    assert hub.freshness(INDEX).limit == 5.0
    assert hub.fresh("NSE_INDEX:BANKNIFTY")


async def test_law_11_when_a_tick_is_refused_then_it_does_not_make_anything_fresh() -> None:
    hub, wall, market = make_hub()
    hub.housekeep()
    hub.intake(ticks((1, 1, 100.0)))
    for _ in range(40):
        await wall.advance(1)
        await market.advance(1)
        hub.intake(ticks((1, 1, 100.0), (1, 2, -1.0)))  # the same tick again and again, and a bad one
    assert hub.freshness(SHARE).state == "stale"


async def test_law_11_when_a_tick_comes_then_the_stale_flag_goes_at_once() -> None:
    hub, wall, market = make_hub()
    hub.intake(ticks((1, 0, 100.0)))
    await wall.advance(60)
    await market.advance(60)
    hub.housekeep()
    assert hub.slots.quotes["flags"][1] == FLAG_STALE
    hub.intake(ticks((1, 60, 101.0)))
    assert hub.slots.quotes["flags"][1] == 0
    assert hub.fresh(SHARE)


async def test_law_11_when_the_limit_is_overridden_then_it_counts_for_the_own_tick() -> None:
    hub, wall, _ = make_hub()
    hub.housekeep()
    hub.intake(ticks((1, 0, 100.0)))
    await wall.advance(3)
    assert hub.fresh(SHARE)
    assert not hub.fresh(SHARE, 2.0)


async def test_law_11_when_the_wall_clock_is_set_back_then_ages_do_not_care() -> None:
    hub, wall, _ = make_hub()
    hub.housekeep()
    hub.intake(ticks((1, 0, 100.0)))
    wall.jump(wall.now() - timedelta(hours=1))
    await wall.advance(2)
    assert hub.age(SHARE) == pytest.approx(2)
    assert hub.fresh(SHARE)
    wall.jump(wall.now() + timedelta(days=1))
    assert hub.age(SHARE) == pytest.approx(2)


async def test_law_11_when_a_segment_has_closed_then_only_that_segment_says_closed() -> None:
    # on this date shares end their closing auction at 15:35, options trade to 15:40
    listed = (share("RELIANCE"), option("NIFTY", date(2026, 12, 1), 24500, "CE"), future("NIFTY", date(2026, 12, 29)))
    hub, _, market = make_hub(listed, at=OPEN + timedelta(hours=6, minutes=21))
    at = 6 * 3_600 + 21 * 60
    hub.intake(ticks((0, at, 100.0), (1, at, 50.0), (2, at, 24_600.0)))
    hub.housekeep()
    assert hub.freshness(SHARE).state == "closed"
    assert hub.fresh(CALL)
    assert hub.slots.quotes["flags"][0] == FLAG_CLOSED
    await market.advance(5 * 60)
    hub.housekeep()
    assert hub.freshness(CALL).state == "closed"


def test_law_11_when_the_day_is_a_holiday_then_everything_is_closed() -> None:
    hub, _, _ = make_hub(at=OPEN + timedelta(days=4), day=False)
    hub.start_day(DAY + timedelta(days=4), {})
    hub.intake(ticks((1, 4 * 86_400, 100.0)))
    hub.housekeep()
    assert hub.freshness(SHARE).state == "closed"


def test_law_11_when_the_verdict_is_asked_by_row_and_by_column_then_they_agree() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((0, 0, 24_000.0), (2, 0, 50.0)))
    hub.housekeep()
    for row, key in enumerate((INDEX, SHARE, CALL, PUT)):
        assert (hub.slots.quotes["flags"][row] == 0) == (hub.freshness(key).state == "live"), key


def test_freshness_rule_when_not_positive_then_refused() -> None:
    with pytest.raises(Invalid):
        FreshnessRule(0, 5)
