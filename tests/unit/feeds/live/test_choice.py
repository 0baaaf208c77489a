"""Which stream a price is taken from."""

import numpy as np

from server.feeds.live.choice import SILENT, STEADY, Choice


def one(choice: Choice, number: int, now: float, row: int = 0, segment: int = 0) -> bool:
    rows, segments = np.array([row], np.int32), np.array([segment], np.uint8)
    return bool(choice.take(number, rows, segments, now)[0])


def two() -> Choice:
    choice = Choice()
    assert (choice.join("kite"), choice.join("upstox")) == (0, 1)
    return choice


def test_row_when_two_sources_bring_it_then_the_first_is_taken() -> None:
    choice = two()
    assert one(choice, 0, 0.0)
    assert not one(choice, 1, 0.1)
    assert choice.active(0) == "kite"


def test_source_when_silent_then_the_next_takes_over_within_three_seconds() -> None:
    choice = two()
    one(choice, 0, 0.0)
    assert not one(choice, 1, SILENT)
    assert one(choice, 1, SILENT + 0.01)
    assert SILENT + 0.01 < 3.0
    assert choice.active(0) == "upstox"
    assert choice.switches == {"kite>upstox": 1}


def test_better_source_when_it_comes_back_then_it_must_be_steady_first() -> None:
    choice = two()
    one(choice, 0, 0.0)
    one(choice, 1, 5.0)
    now = 6.0
    while now < 6.0 + STEADY:
        assert not one(choice, 0, now), now
        assert one(choice, 1, now)
        now += 1.0
    assert one(choice, 0, now)
    assert choice.active(0) == "kite"


def test_segment_when_one_is_silent_then_the_other_stays_where_it_was() -> None:
    choice = two()
    one(choice, 0, 0.0, row=0, segment=0)
    one(choice, 0, 0.0, row=1, segment=1)
    one(choice, 0, 5.0, row=0, segment=0)
    assert not one(choice, 1, 5.5, row=0, segment=0)
    assert one(choice, 1, 5.5, row=1, segment=1)


def test_source_when_it_leaves_then_the_next_tick_of_another_counts_at_once() -> None:
    choice = two()
    one(choice, 0, 0.0)
    choice.leave("kite")
    assert one(choice, 1, 0.05)


def test_source_when_preferred_by_the_user_then_it_takes_over_once_steady_and_stays() -> None:
    choice = two()
    one(choice, 0, 0.0)
    choice.prefer(["upstox", "nobody"])
    now = 0.0
    while now <= STEADY:
        one(choice, 0, now)
        one(choice, 1, now)
        now += 1.0
    assert choice.active(0) == "upstox"
    assert not one(choice, 0, now)
    assert one(choice, 1, now)
    choice.prefer([])
    assert one(choice, 0, now)
    assert choice.active(0) == "kite"
