"""Each fault a tick may have is dropped under its own name, and good ticks beside it pass."""

import math
from datetime import timedelta

import numpy as np
import pytest

from tests.unit.market.kit import OPEN, book, make_hub, ticks

NAN = math.nan


@pytest.mark.parametrize("price", [0.0, -1.0, NAN, math.inf, -math.inf])
def test_intake_when_the_price_is_bad_then_drops_it(price: float) -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 0, 100.0), (1, 1, price), (1, 2, 100.5)))
    assert hub.intake_stats().drops == {"bad_price": 1}
    assert hub.last("NSE:RELIANCE") == 100.5


def test_intake_when_a_row_is_unknown_then_drops_it() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((99, 0, 100.0), (-1, 0, 100.0), (1, 0, 100.0)))
    assert hub.intake_stats().drops == {"unknown_row": 2}
    assert hub.intake_stats().kept == 1


def test_intake_when_the_quote_is_crossed_then_drops_it() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 0, 100.0), bid=100.1, ask=100.0))
    assert hub.intake_stats().drops == {"crossed": 1}
    assert hub.quote("NSE:RELIANCE") is None


def test_intake_when_the_quote_is_locked_then_keeps_it() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 0, 100.0), bid=100.0, ask=100.0))
    assert hub.intake_stats().drops == {}


@pytest.mark.parametrize("column", ["bid_qty", "ask_qty", "volume", "oi"])
def test_intake_when_a_quantity_is_negative_then_drops_it(column: str) -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 0, 100.0), **{column: -1}))
    assert hub.intake_stats().drops == {"bad_quantity": 1}


def test_intake_when_a_side_is_zero_then_it_is_empty() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 0, 100.0), bid=0.0, ask=NAN))
    quote = hub.quote("NSE:RELIANCE")
    assert quote is not None
    assert (quote.bid, quote.ask, quote.bid_qty, quote.ask_qty) == (None, None, 0, 0)


def test_intake_when_time_goes_back_then_drops_against_the_last_good_tick() -> None:
    hub, _, _ = make_hub()
    # 3 s is behind 5 s, and so is 4 s, although it follows 3 s
    hub.intake(ticks((1, 5, 100.0), (1, 3, 101.0), (1, 4, 102.0), (1, 5, 103.0), (1, 6, 104.0)))
    assert hub.intake_stats().drops == {"backwards": 2}
    hub.intake(ticks((1, 2, 99.0)))
    assert hub.intake_stats().drops == {"backwards": 3}
    assert hub.last("NSE:RELIANCE") == 104.0


def test_intake_when_time_goes_back_in_one_row_then_others_are_untouched() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 5, 100.0), (2, 1, 50.0), (1, 4, 90.0), (2, 2, 51.0)))
    assert hub.last("NFO:NIFTY01DEC2624500CE") == 51.0
    assert hub.intake_stats().drops == {"backwards": 1}


def test_intake_when_a_tick_is_a_copy_then_drops_it_within_and_across_batches() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 5, 100.0), (1, 5, 100.0)))
    hub.intake(ticks((1, 5, 100.0)))
    hub.intake(ticks((1, 5, 100.0), bid=NAN))
    hub.intake(ticks((1, 5, 100.0), bid=NAN))
    assert hub.intake_stats().drops == {"duplicate": 3}
    assert hub.intake_stats().kept == 2


def test_intake_when_only_the_volume_differs_then_it_is_no_copy() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 5, 100.0), (1, 5, 100.0), volume=[10, 20]))
    assert hub.intake_stats().kept == 2


def test_intake_when_a_tick_comes_from_the_future_then_drops_it_and_is_not_blocked() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 7_200, 100.0)))
    hub.intake(ticks((1, 1, 101.0)))
    assert hub.intake_stats().drops == {"future": 1}
    assert hub.last("NSE:RELIANCE") == 101.0


def test_intake_when_a_tick_is_of_an_earlier_day_then_drops_it() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, -86_400, 100.0)))
    assert hub.intake_stats().drops == {"old_day": 1}


def test_intake_when_the_price_jumps_then_believes_it_at_the_third_tick() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 0, 100.0), (1, 1, 150.0)))
    assert hub.last("NSE:RELIANCE") == 100.0
    hub.intake(ticks((1, 2, 151.0)))
    assert hub.last("NSE:RELIANCE") == 100.0
    hub.intake(ticks((1, 3, 150.5)))
    assert hub.last("NSE:RELIANCE") == 150.5
    assert hub.intake_stats().drops == {"outlier": 2}


def test_intake_when_a_good_tick_follows_an_outlier_then_counting_starts_anew() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 0, 100.0), (1, 1, 150.0), (1, 2, 150.0), (1, 3, 100.0), (1, 4, 150.0), (1, 5, 150.0)))
    assert hub.last("NSE:RELIANCE") == 100.0
    assert hub.intake_stats().drops == {"outlier": 4}


def test_intake_when_outliers_disagree_then_none_is_believed() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 0, 100.0), (1, 1, 150.0), (1, 2, 40.0), (1, 3, 300.0), (1, 4, 20.0)))
    assert hub.last("NSE:RELIANCE") == 100.0


def test_intake_when_a_far_option_doubles_then_it_is_no_outlier() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((2, 0, 0.05), (2, 1, 0.6), bid=NAN))
    assert hub.last("NFO:NIFTY01DEC2624500CE") == 0.6


def test_intake_when_the_day_opens_with_a_gap_then_it_is_no_outlier() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 0, 100.0)))
    hub.start_day(OPEN.date(), {})
    hub.intake(ticks((1, 1, 170.0)))
    assert hub.last("NSE:RELIANCE") == 170.0


def test_intake_when_cumulative_volume_falls_then_it_is_held_and_counted() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 0, 100.0), (1, 1, 100.0), (1, 2, 100.0), volume=[500, 400, 600]))
    quote = hub.quote("NSE:RELIANCE")
    assert quote is not None and quote.volume == 600
    assert hub.intake_stats().repaired == 1
    assert hub.intake_stats().drops == {}


def test_intake_when_prices_carry_float_noise_then_they_are_rounded() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 0, 182.3000030517578), bid=182.25000001, ask=182.35))
    quote = hub.quote("NSE:RELIANCE")
    assert quote is not None
    assert (str(quote.ltp), str(quote.bid)) == ("182.3", "182.25")


def test_intake_when_the_batch_is_empty_then_nothing_happens() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks())
    assert hub.intake_stats().kept == 0


def test_intake_when_every_tick_is_bad_then_nothing_is_written() -> None:
    hub, _, _ = make_hub()
    version = hub.version
    hub.intake(ticks((1, 0, -5.0), (99, 0, 5.0)))
    assert hub.version == version
    assert hub.quote("NSE:RELIANCE") is None


def test_depth_when_a_book_is_bad_then_drops_it_and_keeps_the_tick() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 0, 100.0), depth=book(1, 100.2, 100.1)))
    assert hub.depth("NSE:RELIANCE") is None
    assert hub.last("NSE:RELIANCE") == 100.0
    assert hub.intake_stats().drops == {"bad_depth": 1}


def test_depth_when_its_tick_stepped_back_then_the_book_is_old_too() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 5, 100.0), depth=book(1, 99.95, 100.05)))
    hub.intake(ticks((1, 3, 100.0), depth=book(1, 98.0, 98.1)))
    depth = hub.depth("NSE:RELIANCE")
    assert depth is not None and str(depth.bids[0].price) == "99.95"


def test_depth_when_the_tick_is_a_copy_then_deeper_levels_still_count() -> None:
    hub, _, _ = make_hub()
    hub.intake(ticks((1, 5, 100.0), depth=book(1, 99.95, 100.05)))
    hub.intake(ticks((1, 5, 100.0), depth=book(1, 99.95, 100.05, quantity=130)))
    depth = hub.depth("NSE:RELIANCE")
    assert depth is not None and depth.bids[4].quantity == 130


def test_depth_when_a_side_is_empty_then_it_has_no_levels() -> None:
    hub, _, _ = make_hub()
    given = book(1, 99.95, 100.05)
    given.ask_px[:] = np.nan
    hub.intake(ticks((1, 5, 100.0), depth=given))
    depth = hub.depth("NSE:RELIANCE")
    assert depth is not None and len(depth.bids) == 5 and depth.asks == ()


def test_rewind_when_the_feed_was_set_back_then_earlier_times_are_taken() -> None:
    hub, _, market = make_hub()
    hub.intake(ticks((1, 50, 100.0), volume=900))
    market.jump(OPEN + timedelta(seconds=10))
    hub.rewind()
    hub.intake(ticks((1, 10, 99.0), volume=100))
    assert hub.last("NSE:RELIANCE") == 99.0
    assert hub.intake_stats().drops == {}
