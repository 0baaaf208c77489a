"""Any strategy: payoffs are sums of intrinsic values, breakevens are roots, extremes bound the curve."""

from decimal import Decimal
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.options import payoff
from server.options.legs import Book, Leg
from server.options.probability import Lognormal, expected_profit, probability_of_profit
from server.options.recognise import group
from server.options.scenarios import grid
from tests.option_chain import FAR, LOT, NEAR, SETTING, SPOT, future, option, share, term

EXPIRY = term(NEAR).years
SPOTS = np.linspace(0, 40_000, 401)

lots = st.integers(-5, 5).filter(bool)
prices = st.integers(1, 40_000).map(lambda n: str(Decimal(n) * Decimal("0.05")))
near_options = st.builds(
    lambda k, right, q, p: option(k * 50, right, q * LOT, p),
    st.integers(440, 550),
    st.sampled_from(["CE", "PE"]),
    lots,
    prices,
)
far_options = st.builds(
    lambda k, right, q, p: option(k * 50, right, q * LOT, p, FAR),
    st.integers(440, 550),
    st.sampled_from(["CE", "PE"]),
    lots,
    prices,
)
lines = st.one_of(st.builds(lambda q: future(q * LOT), lots), st.builds(lambda q: share(q * LOT), lots))
simple = st.lists(st.one_of(near_options, lines), min_size=1, max_size=6).filter(
    lambda legs: any(leg.kind == "OPTION" for leg in legs)
)
mixed = st.builds(
    lambda a, b, c: [*a, *b, *c],
    st.lists(near_options, min_size=1, max_size=3),
    st.lists(far_options, min_size=1, max_size=3),
    st.lists(lines, max_size=1),
)
laws = st.builds(Lognormal, st.floats(20_000, 30_000), st.floats(0.005, 0.4))


def worth(leg: Leg, spot: float) -> float:
    """Of one unit when the near options expire, by its definition."""
    if leg.kind == "EQUITY":
        return spot
    if leg.kind == "FUTURE":
        far = term(FAR)
        return spot * float((far.forward / SPOT) ** ((far.years - EXPIRY) / far.years))
    strike = float(leg.strike or 0)
    return max(spot - strike, 0) if leg.right == "CE" else max(strike - spot, 0)


@settings(deadline=None, max_examples=150)
@given(simple, st.floats(0, 60_000))
def test_payoff_at_expiry_then_the_sum_of_intrinsic_values(legs: list[Leg], spot: float) -> None:
    want = sum(leg.quantity * (worth(leg, spot) - float(leg.price)) for leg in legs)
    scale = sum(abs(leg.quantity) for leg in legs) * 60_000
    assert payoff.profit(Book.of(legs, SETTING), [spot], EXPIRY)[0] == pytest.approx(want, abs=1e-12 * scale)


@settings(deadline=None, max_examples=150)
@given(simple)
def test_outcome_then_breakevens_are_roots_and_extremes_bound_the_curve(legs: list[Leg]) -> None:
    book = Book.of(legs, SETTING)
    found = payoff.outcome(book)
    if any(leg.kind == "OPTION" for leg in legs):
        assert found.exact
    scale = float(np.abs(book.quantity).sum())
    if found.breakevens:
        assert payoff.profit(book, found.breakevens, EXPIRY) == pytest.approx(0.0, abs=1e-6 * scale)
    levels = payoff.profit(book, SPOTS, EXPIRY)
    slack = 1e-6 * scale
    # a slope that is interest alone is not called unbounded, nor followed beyond the last strike
    even = float(np.sum(book.quantity * (book.sign >= 0))) == 0.0
    if not even:
        if found.max_profit is not None:
            assert levels.max() <= found.max_profit + slack
        if found.max_loss is not None:
            assert levels.min() >= found.max_loss - slack
        assert not (found.profit_unbounded and found.loss_unbounded)
        # between breakevens the sign does not change
        kept = np.flatnonzero(np.abs(levels) > slack)
        for i, j in pairwise(kept.tolist()):
            crossed = any(SPOTS[i] < root < SPOTS[j] for root in found.breakevens)
            assert crossed or levels[i] * levels[j] > 0


@settings(deadline=None, max_examples=60)
@given(mixed)
def test_outcome_of_several_expiries_then_breakevens_are_roots(legs: list[Leg]) -> None:
    book = Book.of(legs, SETTING)
    found = payoff.outcome(book)
    scale = float(np.abs(book.quantity).sum())
    if found.breakevens:
        assert payoff.profit(book, found.breakevens, EXPIRY) == pytest.approx(0.0, abs=1e-3 * scale)
    # eight deviations to either side are looked at; beyond, interest alone may still move the curve a little
    inside = SPOTS[(SPOTS > 18_000) & (SPOTS < 33_000)]
    levels = payoff.profit(book, inside, EXPIRY)
    if found.max_profit is not None and found.max_loss is not None:
        assert found.max_loss - 0.01 * scale <= levels.min() <= levels.max() <= found.max_profit + 0.01 * scale


@settings(deadline=None, max_examples=100)
@given(st.one_of(simple, mixed), laws)
def test_probability_then_between_zero_and_one_and_the_other_sides_complement(legs: list[Leg], law: Lognormal) -> None:
    book = Book.of(legs, SETTING)
    chance = probability_of_profit(book, law)
    assert 0.0 <= chance <= 1.0
    turned = Book.of([msgspec.structs.replace(leg, quantity=-leg.quantity) for leg in legs], SETTING)
    other = probability_of_profit(turned, law)
    # both miss only where profit is exactly nothing
    assert chance + other <= 1.0 + 1e-9
    assert expected_profit(book, law) == pytest.approx(-expected_profit(turned, law), rel=1e-9, abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(simple, laws)
def test_mean_then_what_the_distribution_says_of_each_leg(legs: list[Leg], law: Lognormal) -> None:
    spots = law.quantile((np.arange(20_000) + 0.5) / 20_000)
    book = Book.of(legs, SETTING)
    scale = float(np.abs(book.quantity).sum()) * law.mean * law.total
    assert expected_profit(book, law) == pytest.approx(
        float(payoff.profit(book, spots, EXPIRY).mean()), abs=2e-3 * scale
    )


@settings(deadline=None, max_examples=60)
@given(st.one_of(simple, mixed), st.floats(18_000, 32_000), st.floats(0, 1), st.floats(-0.05, 0.3))
def test_grid_then_the_profit_of_each_cell(legs: list[Leg], spot: float, share_of_time: float, shift: float) -> None:
    book = Book.of(legs, SETTING)
    at = share_of_time * book.first_expiry
    found = grid(book, [spot], [shift], [at])[0, 0, 0]
    assert found == pytest.approx(payoff.profit(book, [spot], at, shift)[0], rel=1e-12, abs=1e-9)
    assert np.isfinite(found)


@settings(deadline=None, max_examples=60)
@given(near_options, st.floats(0.0, 1.0))
def test_value_of_a_bought_option_then_it_rises_with_volatility_and_calls_with_the_spot(leg: Leg, at: float) -> None:
    book = Book.of([msgspec.structs.replace(leg, quantity=LOT)], SETTING)
    after = at * EXPIRY
    levels = payoff.value(book, np.linspace(15_000, 35_000, 101), after)
    side = 1 if leg.right == "CE" else -1
    assert (side * np.diff(levels) >= -1e-6).all()
    vols = [float(payoff.value(book, [SPOT], after, s)[0]) for s in (0.0, 0.05, 0.2)]
    assert vols[0] <= vols[1] + 1e-9 <= vols[2] + 2e-9


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(near_options, far_options), min_size=1, max_size=8))
def test_group_then_no_unit_is_lost_or_made_up(legs: list[Leg]) -> None:
    def net(held: list[Leg]) -> dict[object, int]:
        found: dict[object, int] = {}
        for leg in held:
            contract = (leg.kind, leg.expiry, leg.strike, leg.right)
            found[contract] = found.get(contract, 0) + leg.quantity
        return {contract: q for contract, q in found.items() if q}

    assert net([leg for g in group(legs, SPOT) for leg in g.legs]) == net(legs)
