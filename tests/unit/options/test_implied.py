"""Implied volatility of whole chains: exact beside fifty-digit references, and never spoilt by a bad row."""

import numpy as np
import pytest

from server.core.errors import Invalid
from server.options import codes, implied_volatility, implied_volatility_codes
from tests.options_reference import BAD, GOOD, batch, reference_volatility
from tests.shared import shared
from tests.unit.options.engines import each_engine

__all__ = ("each_engine",)

pytestmark = pytest.mark.usefixtures("each_engine")
ORDER = ("S", "K", "T", "r", "flag", "price")


def columns(*rows: dict[str, float]) -> list[np.ndarray]:
    return [np.array([row[name] for row in rows]) for name in ORDER]


def test_implied_volatility_when_laid_beside_fifty_digit_references_then_the_last_digits_agree() -> None:
    data = np.load(shared("data/quant/chain10k.npz"))
    found, why = implied_volatility_codes(*(data[name] for name in ORDER))
    solvable = np.isfinite(data["iv_ref"])
    assert np.array_equal(np.isfinite(found), solvable)
    assert np.array_equal(why == codes.OK, solvable)
    errors = np.abs(found - data["iv_ref"])[solvable]
    # a thousandth of what solvers reach that subtract a rounded intrinsic value
    assert errors.max() <= 1e-12
    assert np.percentile(errors, 99) <= 5e-14


@pytest.mark.parametrize("seed", [11, 12])
def test_implied_volatility_when_the_smile_is_steep_then_the_last_digits_still_agree(seed: int) -> None:
    rows = batch(seed, 300)
    found = implied_volatility(*(rows[name] for name in ORDER))
    worst, solved = 0.0, 0
    for i, sigma in enumerate(found):
        exact = rows["S"][i] - rows["K"][i] * np.exp(-rows["r"][i] * rows["T"][i])
        assert np.isfinite(sigma) == (rows["price"][i] > max(rows["flag"][i] * exact, 0.0))
        if np.isfinite(sigma):
            reference = reference_volatility(float(sigma), *(float(rows[name][i]) for name in ORDER))
            worst, solved = max(worst, abs(sigma - reference)), solved + 1
    assert worst <= 2e-12
    assert solved > 250


@pytest.mark.parametrize("what", BAD)
def test_implied_volatility_when_a_row_has_no_answer_then_nan_and_the_reason(what: str) -> None:
    change, reason = BAD[what]
    found, why = implied_volatility_codes(*columns({**GOOD, **change}))
    assert np.isnan(found[0])
    assert why[0] == reason
    assert codes.SENTENCES[reason].endswith(".")


def test_implied_volatility_when_bad_rows_stand_among_good_ones_then_those_are_what_they_are_alone() -> None:
    rows = [GOOD]
    for change, _ in BAD.values():
        rows += [{**GOOD, **change}, GOOD]
    # several blocks, so that bad rows stand at the edges of some
    rows = rows * 90
    found, why = implied_volatility_codes(*columns(*rows))
    alone = implied_volatility(*columns(GOOD))[0]
    good = np.array([row is GOOD for row in rows])
    assert good.sum() + (~good).sum() > 4000
    assert np.allclose(found[good], alone, rtol=1e-13, atol=0)
    assert np.isnan(found[~good]).all()
    assert not why[good].any()
    assert why[~good].all()


@pytest.mark.parametrize(
    ("change", "sigma"),
    [
        ({"T": 1 / 365, "price": 2500.0}, 5.009),
        ({"price": 1e-30}, 0.00427),
        ({"T": 1 / 525_600, "price": 0.05}, 1.68),
        ({"K": 30_000.0, "T": 1 / 365, "price": 0.05}, 1.1),
    ],
)
def test_implied_volatility_when_the_input_is_extreme_but_sound_then_it_reproduces_the_price(
    change: dict[str, float], sigma: float
) -> None:
    row = {**GOOD, **change}
    found = float(implied_volatility(*columns(row))[0])
    assert found == pytest.approx(sigma, rel=0.5)
    reference = reference_volatility(found, *(row[name] for name in ORDER))
    assert found == pytest.approx(reference, rel=1e-10)


def test_implied_volatility_when_given_scalars_then_a_scalar_array() -> None:
    found = implied_volatility(24_800, 25_000, 7 / 365, 0.065, 1, 120)
    assert found.shape == ()
    assert found == pytest.approx(implied_volatility(*columns(GOOD))[0])


def test_implied_volatility_when_arguments_broadcast_then_the_result_has_their_shape() -> None:
    strikes = np.array([24_800.0, 25_000.0, 25_200.0])
    found = implied_volatility(24_800.0, strikes, np.array([[7.0], [14.0]]) / 365, 0.065, "c", 120.0)
    assert found.shape == (2, 3)
    assert found[0, 1] == pytest.approx(implied_volatility(*columns(GOOD))[0])


@pytest.mark.parametrize("flag", [1, np.int8(1), True, "c", "CE", "call", np.array(["CE"])])
def test_implied_volatility_when_the_flag_is_written_otherwise_then_it_means_the_same(flag: object) -> None:
    found = implied_volatility(24_800.0, 25_000.0, 7 / 365, 0.065, flag, 120.0)
    assert np.allclose(found, implied_volatility(*columns(GOOD))[0])


def test_implied_volatility_when_there_are_no_rows_then_there_are_none() -> None:
    nothing = np.empty(0)
    assert implied_volatility(nothing, nothing, nothing, 0.06, 1, nothing).shape == (0,)


def test_implied_volatility_when_on_a_forward_then_spot_is_the_forward_and_yield_the_rate() -> None:
    forward = 24_800 * np.exp(0.065 * 7 / 365)
    found = implied_volatility(forward, 25_000.0, 7 / 365, 0.065, 1, 120.0, q=0.065)
    assert found == pytest.approx(implied_volatility(*columns(GOOD))[0], rel=1e-12)


def test_implied_volatility_when_shapes_do_not_fit_then_a_sentence_says_which() -> None:
    with pytest.raises(Invalid, match=r"S \(2,\).*K \(3,\)"):
        implied_volatility(np.ones(2), np.ones(3), 0.1, 0.06, 1, 1.0)


def test_implied_volatility_when_an_argument_is_no_number_then_invalid() -> None:
    with pytest.raises(Invalid, match="price is not numeric"):
        implied_volatility(100.0, 100.0, 0.1, 0.06, 1, "cheap")


def test_implied_volatility_when_the_code_array_does_not_fit_then_invalid() -> None:
    with pytest.raises(Invalid, match="int8"):
        implied_volatility(100.0, 100.0, 0.1, 0.06, 1, 3.0, codes=np.zeros(3, np.int8))


def test_implied_volatility_when_the_code_array_is_strided_then_it_is_filled() -> None:
    why = np.full(6, 9, np.int8)
    implied_volatility(100.0, np.array([100.0, -1.0, 100.0]), 0.1, 0.06, 1, 3.0, codes=why[::2])
    assert why.tolist() == [0, 9, codes.BAD_STRIKE, 9, 0, 9]


def test_implied_volatility_then_inputs_are_left_as_they_were() -> None:
    rows = columns(*[GOOD] * 3000)
    before = [a.copy() for a in rows]
    implied_volatility(*rows)
    assert all(np.array_equal(a, b) for a, b in zip(rows, before, strict=True))
