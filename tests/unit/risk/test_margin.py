"""Portfolio margin: futures, options, spreads, calendars, expiry day, shares; and what must hold for any portfolio."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.core.errors import Invalid
from server.core.paths import bundled
from server.domain.instruments import Instrument
from server.domain.orders import Product
from server.options import black76
from server.risk.margin import Margin, MarginLeg, portfolio_margin
from server.rulebook import Rulebook
from tests.instruments import future, index, option, share

DAY = date(2026, 11, 20)
NEAR, FAR = date(2026, 12, 29), date(2027, 1, 25)
SPOT, RATE, SIGMA = 24_000.0, 0.065, 0.13
RULES = Rulebook.load(bundled("config") / "rules")


def forward(expiry: date) -> float:
    return float(SPOT * (1 + RATE * (expiry - DAY).days / 365))


def leg(instrument: Instrument, quantity: int, day: date = DAY) -> MarginLeg:
    """A leg at its model price."""
    expiry = instrument.expiry
    assert expiry is not None
    price = forward(expiry)
    if instrument.strike is not None:
        years = max((expiry - day).days, 0.5) / 365
        price = float(
            black76.price(forward(expiry), float(instrument.strike), years, RATE, SIGMA, instrument.right == "CE")
        )
    return MarginLeg(
        instrument=instrument,
        quantity=quantity,
        price=price,
        underlying_price=SPOT,
        product="NRML",
        sigma=SIGMA,
        forward=forward(expiry),
    )


def margin(*legs: MarginLeg, day: date = DAY) -> Margin:
    return portfolio_margin(legs, RULES, day)


def call(strike: int, expiry: date = NEAR) -> Instrument:
    return option("NIFTY", expiry, strike, "CE")


def put(strike: int, expiry: date = NEAR) -> Instrument:
    return option("NIFTY", expiry, strike, "PE")


def test_margin_of_nothing_then_zero() -> None:
    assert margin() == Margin()


@pytest.mark.parametrize("quantity", [65, -65])
def test_margin_of_a_future_then_scan_range_and_exposure_on_either_side(quantity: int) -> None:
    found = margin(leg(future("NIFTY", NEAR), quantity))
    assert found.span_minor == round(65 * SPOT * 0.093 * 100)
    assert found.exposure_minor == round(65 * forward(NEAR) * 0.02 * 100)
    assert found.premium_minor == found.benefit_minor == 0
    assert found.total_minor == found.held_minor == found.span_minor + found.exposure_minor


def test_margin_of_a_bought_option_then_its_premium_and_nothing_else() -> None:
    bought = leg(call(24_500), 65)
    found = margin(bought)
    assert found.premium_minor == found.total_minor == round(65 * bought.price * 100)
    assert found.held_minor == 0


def test_margin_when_volatility_is_not_given_then_it_comes_from_the_price() -> None:
    sold = leg(call(24_500), -65)
    without = MarginLeg(
        instrument=sold.instrument,
        quantity=-65,
        price=sold.price,
        underlying_price=SPOT,
        product="NRML",
        forward=sold.forward,
    )
    assert margin(without) == margin(sold)


def test_margin_when_an_option_trades_below_its_intrinsic_value_then_it_still_has_one() -> None:
    deep = MarginLeg(
        instrument=call(20_000), quantity=-65, price=3_000, underlying_price=SPOT, product="NRML", forward=24_100
    )
    assert margin(deep).span_minor > 65 * 4_000 * 100


def test_margin_of_a_spread_then_at_most_about_its_width() -> None:
    short, long = leg(call(24_500), -65), leg(call(25_000), 65)
    found = margin(short, long)
    assert found.span_minor <= 65 * 500 * 100
    alone = margin(short).total_minor + margin(long).total_minor
    assert found.benefit_minor == pytest.approx(alone - found.total_minor, abs=3)
    assert found.benefit_minor > 0


def test_margin_of_one_contract_in_two_products_then_they_are_netted() -> None:
    found = margin(leg(future("NIFTY", NEAR), 65), leg(future("NIFTY", NEAR), -65))
    assert found.total_minor == 0
    assert found.benefit_minor == 2 * margin(leg(future("NIFTY", NEAR), 65)).total_minor


def test_margin_of_a_calendar_spread_then_a_charge_on_the_far_month_and_a_third_of_its_exposure() -> None:
    found = margin(leg(future("NIFTY", NEAR), 65), leg(future("NIFTY", FAR), -65))
    assert found.span_minor == round(65 * forward(FAR) * 0.0175 * 100)
    assert found.exposure_minor == pytest.approx(65 * forward(FAR) * 0.02 / 3 * 100, abs=1)


def test_margin_of_a_calendar_spread_on_expiry_day_then_no_benefit() -> None:
    pair = (leg(future("NIFTY", NEAR), 65), leg(future("NIFTY", FAR), -65))
    alone = [margin(entry, day=NEAR) for entry in pair]
    found = margin(*pair, day=NEAR)
    assert found.total_minor == sum(m.total_minor for m in alone)
    assert found.benefit_minor == 0


def test_margin_of_a_short_index_option_on_expiry_day_then_two_percent_more() -> None:
    before, on = (margin(leg(call(24_500), -65, day), day=day).exposure_minor for day in (date(2026, 12, 28), NEAR))
    assert on - before == round(65 * SPOT * 0.02 * 100)


def test_margin_of_two_underlyings_then_they_do_not_help_each_other() -> None:
    nifty = leg(future("NIFTY", NEAR), 65)
    bank = MarginLeg(
        instrument=future("BANKNIFTY", NEAR, lot=30),
        quantity=-30,
        price=55_300,
        underlying_price=55_000,
        product="NRML",
    )
    found = margin(nifty, bank)
    assert found.total_minor == margin(nifty).total_minor + margin(bank).total_minor
    assert margin(bank).span_minor == 30 * 55_000 * 113 // 1000 * 100


def test_margin_of_a_share_future_then_the_shares_own_rates() -> None:
    stock = MarginLeg(
        instrument=future("RELIANCE", NEAR, lot=500), quantity=500, price=1_300, underlying_price=1_300, product="NRML"
    )
    found = margin(stock)
    assert (found.span_minor, found.exposure_minor) == (500 * 1_300 * 142 // 10, 500 * 1_300 * 35 // 10)


def test_margin_when_the_underlying_is_wild_then_the_scan_range_widens() -> None:
    calm = leg(future("NIFTY", NEAR), 65)
    wild = MarginLeg(
        instrument=calm.instrument,
        quantity=65,
        price=calm.price,
        underlying_price=SPOT,
        product="NRML",
        volatility=0.60,
    )
    # six sigmas times the root of two, over 252 days
    assert margin(wild).span_minor == pytest.approx(65 * SPOT * 6 * 2**0.5 * 0.60 / 252**0.5 * 100, abs=1)
    assert margin(wild).span_minor > margin(calm).span_minor


@pytest.mark.parametrize(
    ("product", "quantity", "span", "premium"),
    [("CNC", 10, 0, 1_300_000), ("CNC", -10, 0, 0), ("MIS", 10, 260_000, 0), ("MIS", -10, 260_000, 0)],
)
def test_margin_of_shares_then_full_value_for_delivery_and_a_fifth_intraday(
    product: Product, quantity: int, span: int, premium: int
) -> None:
    found = margin(
        MarginLeg(instrument=share(), quantity=quantity, price=1_300, underlying_price=1_300, product=product)
    )
    assert (found.span_minor, found.premium_minor, found.total_minor) == (span, premium, span + premium)


@pytest.mark.parametrize(
    ("instrument", "price", "underlying", "code"),
    [
        (index(), 24_000.0, 24_000.0, "margin.index"),
        (future("NIFTY", NEAR), 0.0, 24_000.0, "margin.price"),
        (future("NIFTY", NEAR), float("nan"), 24_000.0, "margin.price"),
        (call(24_500), 100.0, 0.0, "margin.price"),
        (future("DOGE", NEAR), 10.0, 10.0, "rules.unknown_name"),
    ],
)
def test_margin_when_it_cannot_be_told_then_invalid(
    instrument: Instrument, price: float, underlying: float, code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        margin(MarginLeg(instrument=instrument, quantity=65, price=price, underlying_price=underlying, product="NRML"))
    assert caught.value.code == code


CONTRACTS = st.one_of(
    st.sampled_from([future("NIFTY", NEAR), future("NIFTY", FAR)]),
    st.builds(
        option,
        name=st.just("NIFTY"),
        expiry=st.sampled_from([date(2026, 11, 23), date(2026, 12, 1), NEAR, FAR]),
        strike=st.integers(430, 530).map(lambda n: n * 50),
        right=st.sampled_from(["CE", "PE"]),
    ),
)
LEGS = st.lists(
    st.builds(leg, instrument=CONTRACTS, quantity=st.integers(-10, 10).filter(bool).map(lambda n: n * 65)),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=200)
@given(legs=LEGS)
def test_any_portfolio_then_it_takes_no_more_than_its_legs_one_by_one(legs: list[MarginLeg]) -> None:
    together = margin(*legs)
    alone = sum(margin(entry).total_minor for entry in legs)
    # each leg's own figures are rounded to the paisa
    assert together.total_minor <= alone + 3 * len(legs)
    assert together.benefit_minor == pytest.approx(alone - together.total_minor, abs=3 * len(legs) + 3)
    assert min(together.span_minor, together.exposure_minor, together.premium_minor, together.benefit_minor) >= 0


@settings(deadline=None, max_examples=60)
@given(legs=LEGS)
def test_any_portfolio_when_doubled_then_so_is_its_margin(legs: list[MarginLeg]) -> None:
    once, twice = margin(*legs), margin(*legs, *legs)
    assert twice.total_minor == pytest.approx(2 * once.total_minor, abs=4)
