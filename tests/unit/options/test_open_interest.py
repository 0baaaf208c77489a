"""Build-up, ratios, max pain and gamma exposure, on figures one can add up by hand; and where there are none."""

import pytest

from server.options.exposure import gamma_exposure, gamma_flip
from server.options.open_interest import BUILD_UP, build_up, max_pain, ratio

NAN = float("nan")


def test_build_up_then_four_kinds_and_none_where_nothing_is_known() -> None:
    codes = build_up([5, -5, 5, -5, 0, 5, NAN, 5], [10, 10, -10, -10, 10, 0, 10, NAN])
    assert [BUILD_UP[c] for c in codes] == ["long", "short", "covering", "unwinding", "none", "none", "none", "none"]


def test_ratio_then_puts_over_calls_and_nan_without_calls() -> None:
    assert ratio([150, 0, 10], [100, 50, 0]) == pytest.approx([1.5, 0, NAN], nan_ok=True)


def test_max_pain_then_the_strike_that_pays_least() -> None:
    strikes, calls, puts = [100, 110, 120, 130], [10, 30, 50, 20], [40, 60, 10, 5]

    def paid(at: float) -> float:
        return sum(c * max(at - k, 0) + p * max(k - at, 0) for k, c, p in zip(strikes, calls, puts, strict=True))

    assert max_pain(strikes, calls, puts) == min(strikes, key=paid) == 110


def test_max_pain_when_there_is_no_open_interest_then_none() -> None:
    assert max_pain([100, 110], [0, 0], [0, 0]) is None
    assert max_pain([100, 110], [NAN, NAN], [NAN, NAN]) is None
    assert max_pain([], [], []) is None


def test_gamma_exposure_then_calls_add_and_puts_take_away() -> None:
    found = gamma_exposure([0.001, 0.001, NAN], [1000, 500, 10], [True, False, True], 20_000)
    assert found == pytest.approx([0.001 * 1000 * 4e8 / 100, -0.001 * 500 * 4e8 / 100, 0])


def test_gamma_flip_then_where_calls_and_puts_weigh_the_same() -> None:
    # as many puts at 19,800 as calls at 20,200: exposure turns between them
    flip = gamma_flip(20_000, 20_000, [19_800, 20_200], 7 / 365, [0.12, 0.12], [1000, 1000], [False, True])
    assert flip == pytest.approx(20_000, abs=5)


def test_gamma_flip_when_there_is_none_then_none() -> None:
    assert gamma_flip(20_000, 20_000, [20_000], 7 / 365, [0.12], [1000], [True]) is None
    assert gamma_flip(20_000, 20_000, [20_000], 7 / 365, [0.12], [0], [True]) is None
    assert gamma_flip(20_000, 20_000, [20_000], 0.0, [0.12], [10], [True]) is None
