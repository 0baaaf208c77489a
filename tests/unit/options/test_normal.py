"""The normal distribution beside SciPy's and Python's own."""

import math

import numpy as np
import pytest
from scipy import special

from server.options.normal import erfcx, ndtr, ndtri

WIDE = np.concatenate([np.linspace(-37.0, 37.0, 40_001), np.logspace(-300, 1, 500), -np.logspace(-300, 1, 500)])


def apart(mine: np.ndarray, theirs: np.ndarray) -> float:
    """Largest relative distance."""
    return float(np.max(np.abs(mine - theirs) / np.maximum(np.abs(theirs), 1e-300)))


def test_ndtr_when_compared_with_scipy_then_agrees_far_into_the_tail() -> None:
    # exp(-x*x/2) itself is only known to x*x/2 roundings, in SciPy as here
    assert apart(ndtr(WIDE), special.ndtr(WIDE)) < 4e-13
    central = WIDE[np.abs(WIDE) < 6.0]
    assert apart(ndtr(central), special.ndtr(central)) < 1e-14


def test_erfcx_when_compared_with_scipy_then_agrees_to_a_few_roundings() -> None:
    x = np.concatenate([np.linspace(0.0, 60.0, 30_001), np.logspace(-12, 150, 2_000)])
    assert apart(erfcx(x), special.erfcx(x)) < 2e-15
    left = np.linspace(-26.0, 0.0, 10_001)
    assert apart(erfcx(left), special.erfcx(left)) < 4e-13


def test_ndtri_when_compared_with_scipy_then_agrees_and_undoes_ndtr() -> None:
    p = np.concatenate([np.linspace(1e-9, 1.0 - 1e-9, 20_001), np.logspace(-300, -1, 1_000)])
    assert apart(ndtri(p), special.ndtri(p)) < 1e-13
    assert apart(ndtr(ndtri(p)), p) < 1e-12


@pytest.mark.parametrize("function", [ndtr, erfcx])
def test_function_when_asked_a_few_or_many_then_gives_the_same(function: object) -> None:
    x = np.linspace(-9.0, 9.0, 997)
    few = np.array([float(function(v)) for v in x])  # type: ignore[operator]
    assert apart(function(x), few) < 2e-14  # type: ignore[operator]


def test_functions_when_given_ends_and_nan_then_say_so_without_a_warning() -> None:
    ends = np.array([-math.inf, math.inf, math.nan] * 20)
    for shape in (ends, ends[:3]):
        low, high, none = ndtr(shape)[:3]
        assert (low, high) == (0.0, 1.0)
        assert math.isnan(none)
        low, high, none = erfcx(shape)[:3]
        assert (low, high) == (math.inf, 0.0)
        assert math.isnan(none)
    assert ndtri([0.0, 1.0, 0.5]).tolist() == [-math.inf, math.inf, 0.0]
    assert np.isnan(ndtri([-0.1, 1.1, math.nan])).all()


def test_functions_when_given_a_grid_or_a_number_then_keep_its_shape() -> None:
    assert ndtr(np.zeros((3, 50))).shape == (3, 50)
    assert erfcx(np.zeros((2, 3))).shape == (2, 3)
    assert ndtr(0.0).shape == ()
