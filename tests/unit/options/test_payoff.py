"""Payoffs worked by hand, values now by Black 76, Greeks as slopes, breakevens and extremes exact."""

import msgspec
import numpy as np
import pytest

from server.core.errors import Invalid
from server.options import black76, payoff
from server.options.legs import Book, Setting, Term
from tests.option_chain import FAR, NEAR, NEXT, RATE, SETTING, SPOT, future, option, share, term

CONDOR = [
    option(25_200, "CE", -75, "60"),
    option(25_400, "CE", 75, "30"),
    option(24_400, "PE", -75, "55"),
    option(24_200, "PE", 75, "28"),
]
EXPIRY = term(NEAR).years


def test_payoff_of_a_condor_at_expiry_then_the_sum_of_intrinsic_values() -> None:
    book = Book.of(CONDOR, SETTING)
    spots = [23_000, 24_300, 24_800, 25_300, 27_000]
    # 57 a unit received; 200 wide; half-way the short option costs 100
    assert payoff.profit(book, spots, EXPIRY) == pytest.approx(
        [(57 - 200) * 75, (57 - 100) * 75, 57 * 75, (57 - 100) * 75, (57 - 200) * 75]
    )


def test_value_now_then_black_76_of_every_leg() -> None:
    book = Book.of([option(25_200, "CE", -75, "60", sigma=0.12), option(24_400, "PE", 150, "55", FAR, 0.15)], SETTING)
    near, far = term(NEAR), term(FAR)
    want = -75 * black76.price(near.forward, 25_200, near.years, RATE, 0.12, True) + 150 * black76.price(
        far.forward, 24_400, far.years, RATE, 0.15, False
    )
    assert payoff.value(book, [SPOT])[0] == pytest.approx(float(want), rel=1e-12)


def test_value_when_the_spot_moves_then_the_forward_moves_with_it() -> None:
    book = Book.of([option(25_200, "CE", 75, "60", sigma=0.12)], SETTING)
    near = term(NEAR)
    want = 75 * black76.price(near.forward * 25_000 / SPOT, 25_200, near.years, RATE, 0.12, True)
    assert payoff.value(book, [25_000.0])[0] == pytest.approx(float(want), rel=1e-12)


def test_value_of_several_expiries_when_the_first_is_past_then_it_is_settled_at_the_spot() -> None:
    book = Book.of([option(24_800, "CE", -75, "150"), option(24_800, "CE", 75, "400", FAR)], SETTING)
    far = term(FAR)
    left = far.years - term(NEXT).years
    alive = 75 * black76.price(25_000 * np.exp(RATE * left), 24_800, left, RATE, 0.13, True)
    assert payoff.value(book, [25_000.0], term(NEXT).years)[0] == pytest.approx(float(alive) - 75 * 200, rel=1e-9)


def test_value_of_a_future_and_shares_then_straight_lines() -> None:
    book = Book.of([future(75, "24960"), share(-75, "24800")], SETTING)
    grown = np.exp(RATE * term(FAR).years)
    assert payoff.profit(book, [24_000.0]) == pytest.approx([75 * (24_000 * grown - 24_960) - 75 * (24_000 - 24_800)])
    assert payoff.outcome(Book.of([share(10)], SETTING)).breakevens == (24_800.0,)


def test_value_at_a_spot_of_zero_then_puts_are_worth_their_discounted_strike() -> None:
    book = Book.of([option(24_400, "PE", 75, "55"), option(25_000, "CE", 75, "55")], SETTING)
    assert payoff.value(book, [0.0])[0] == pytest.approx(75 * 24_400 * np.exp(-RATE * EXPIRY))
    assert payoff.value(book, [0.0], EXPIRY)[0] == 75 * 24_400


def test_curves_then_one_row_a_date() -> None:
    book = Book.of(CONDOR, SETTING)
    found = payoff.curves(book, np.linspace(23_000, 26_500, 50), (0.0, EXPIRY / 2, EXPIRY))
    assert found.shape == (3, 50)
    assert found[2] == pytest.approx(payoff.profit(book, np.linspace(23_000, 26_500, 50), EXPIRY))


@pytest.mark.parametrize("after", [0.0, 0.4 * EXPIRY])
def test_greeks_then_they_are_the_slopes_of_the_value(after: float) -> None:
    legs = [*CONDOR, option(24_800, "CE", 75, "400", FAR, 0.14), future(-75)]
    book = Book.of(legs, SETTING)

    def value(spot: float = SPOT, at: float = after, shift: float = 0.0) -> float:
        return float(payoff.value(book, [spot], at, shift)[0])

    found = payoff.greeks(book, after=after)
    assert found.delta == pytest.approx((value(SPOT + 1) - value(SPOT - 1)) / 2, rel=1e-4)
    assert found.gamma == pytest.approx(value(SPOT + 1) - 2 * value() + value(SPOT - 1), rel=1e-3)
    assert found.theta == pytest.approx((value(at=after + 1e-6) - value()) / 1e-6 / 365, rel=1e-3)
    assert found.vega == pytest.approx((value(shift=1e-4) - value(shift=-1e-4)) / 2e-4 / 100, rel=1e-4)
    bumped = Setting(
        spot=SPOT,
        terms={e: Term(t.years, SPOT * np.exp((RATE + 1e-4) * t.years), RATE + 1e-4) for e, t in SETTING.terms.items()},
        sigma=0.13,
    )
    if after == 0.0:
        moved = float(payoff.value(Book.of(legs, bumped), [SPOT])[0])
        assert found.rho == pytest.approx((moved - value()) / 1e-4 / 100, rel=1e-2)


def test_outcome_of_a_condor_then_breakevens_and_extremes_to_the_paisa() -> None:
    found = payoff.outcome(Book.of(CONDOR, SETTING))
    assert found.exact
    assert found.breakevens == pytest.approx((24_343, 25_257))
    assert found.max_profit == pytest.approx(4275)
    assert found.max_loss == pytest.approx(-10_725)
    assert found.reward_to_risk == pytest.approx(4275 / 10_725)
    assert not found.profit_unbounded
    assert not found.loss_unbounded


@pytest.mark.parametrize(
    ("legs", "profit", "loss", "breakevens"),
    [
        ([option(24_800, "CE", 75, "150")], None, -11_250.0, (24_950.0,)),
        ([option(24_800, "CE", -75, "150")], 11_250.0, None, (24_950.0,)),
        ([option(24_800, "PE", 75, "150")], 75 * 24_650.0, -11_250.0, (24_650.0,)),
        ([option(24_800, "PE", -75, "150")], 11_250.0, -75 * 24_650.0, (24_650.0,)),
        ([option(24_800, "CE", -75, "150"), option(24_800, "PE", -75, "100")], 18_750.0, None, (24_550.0, 25_050.0)),
        ([option(24_800, "CE", 75, "0")], None, 0.0, (24_800.0,)),
        ([option(24_800, "CE", -75, "150"), option(25_000, "CE", 150, "75")], None, -15_000.0, (24_800.0, 25_200.0)),
    ],
)
def test_outcome_then_bounded_or_said_to_be_unbounded(
    legs: list[object], profit: float | None, loss: float | None, breakevens: tuple[float, ...]
) -> None:
    found = payoff.outcome(Book.of(legs, SETTING))  # type: ignore[arg-type]
    assert found.max_profit == (None if profit is None else pytest.approx(profit))
    assert found.max_loss == (None if loss is None else pytest.approx(loss))
    assert found.profit_unbounded is (profit is None)
    assert found.loss_unbounded is (loss is None)
    assert found.breakevens == pytest.approx(breakevens)


def test_outcome_when_nothing_can_be_lost_then_no_reward_to_risk() -> None:
    # a box bought below its worth earns at every spot
    legs = [
        option(24_800, "CE", 75, "150"),
        option(25_000, "CE", -75, "60"),
        option(25_000, "PE", 75, "170"),
        option(24_800, "PE", -75, "100"),
    ]
    found = payoff.outcome(Book.of(legs, SETTING))
    assert found.max_loss == pytest.approx(40 * 75)
    assert found.max_profit == pytest.approx(40 * 75)
    assert found.reward_to_risk is None
    assert found.breakevens == ()


def test_outcome_of_a_calendar_then_roots_and_peak_of_the_curve() -> None:
    book = Book.of([option(24_800, "CE", -75, "150"), option(24_800, "CE", 75, "400", FAR)], SETTING)
    found = payoff.outcome(book)
    assert not found.exact
    assert len(found.breakevens) == 2
    assert payoff.profit(book, found.breakevens, EXPIRY) == pytest.approx([0, 0], abs=1e-4)
    assert found.max_profit is not None
    assert found.profit_at == pytest.approx(24_800, abs=1)
    assert found.max_profit == pytest.approx(
        float(payoff.profit(book, np.linspace(24_700, 24_900, 2001), EXPIRY).max()), abs=0.01
    )
    # interest between two expiries is no unbounded profit
    assert not found.profit_unbounded
    assert not found.loss_unbounded


def test_outcome_of_a_covered_call_then_capped_above() -> None:
    found = payoff.outcome(Book.of([share(75), option(25_200, "CE", -75, "60")], SETTING))
    assert found.max_profit == pytest.approx(75 * (400 + 60))
    assert found.max_loss == pytest.approx(-75 * (24_800 - 60))
    assert found.breakevens == pytest.approx((24_740,))


@pytest.mark.parametrize(
    ("after", "code"),
    [(-0.01, "options.date_past"), (0.2, "options.date_after_expiry"), (float("nan"), "options.date_past")],
)
def test_value_when_the_date_is_outside_its_life_then_invalid(after: float, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        payoff.value(Book.of(CONDOR, SETTING), [SPOT], after)
    assert caught.value.code == code


@pytest.mark.parametrize("spots", [[], [-1.0], [float("nan")], [float("inf")]])
def test_value_when_a_spot_is_no_price_then_invalid(spots: list[float]) -> None:
    with pytest.raises(Invalid, match="Spots"):
        payoff.value(Book.of(CONDOR, SETTING), spots)


def test_totals_then_they_are_the_sums_over_legs() -> None:
    book = Book.of(CONDOR, SETTING)
    each = payoff.leg_greeks(book)
    assert msgspec.structs.asdict(payoff.greeks(book)) == pytest.approx({k: float(v.sum()) for k, v in each.items()})
