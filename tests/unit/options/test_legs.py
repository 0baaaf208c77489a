"""Legs made from instruments, and every bad one refused by name."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from server.core.errors import Invalid
from server.options import black76
from server.options.legs import Book, Leg, Setting, Term
from tests import instruments
from tests.option_chain import FAR, NEAR, RATE, SETTING, SPOT, future, option, share, term


def test_leg_of_an_option_then_what_the_instrument_says() -> None:
    leg = Leg.of(instruments.option("NIFTY", NEAR, 24_800, "PE", lot=75), -75, Decimal("101.5"))
    assert (leg.kind, leg.strike, leg.right, leg.expiry, leg.lot) == ("OPTION", Decimal(24_800), "PE", NEAR, 75)
    assert leg.key == "NFO:NIFTY01DEC2624800PE"


def test_leg_of_an_index_then_invalid() -> None:
    with pytest.raises(Invalid) as caught:
        Leg.of(instruments.index(), 75, Decimal(24_800))
    assert caught.value.code == "options.leg_kind"


def test_book_then_arrays_in_the_order_given() -> None:
    book = Book.of([option(25_000, "CE", -75, "60", sigma=0.12), future(75), share(10)], SETTING)
    assert book.sign.tolist() == [1, 0, 0]
    assert book.quantity.tolist() == [-75, 75, 10]
    assert book.years[:2].tolist() == [term(NEAR).years, term(FAR).years]
    assert book.first_expiry == term(NEAR).years
    assert book.last_expiry == term(FAR).years
    assert book.premium == -4500
    assert book.cost == -4500 + 75 * 24_960 + 10 * 24_800


def test_book_when_a_leg_brings_a_price_then_its_volatility_is_solved_from_it() -> None:
    near = term(NEAR)
    worth = black76.price(near.forward, 25_000, near.years, RATE, 0.1721, True)
    leg = msgspec.structs.replace(option(25_000, "CE", 75, "60"), last=Decimal(f"{float(worth):.6f}"))
    assert Book.of([leg], SETTING).sigma[0] == pytest.approx(0.1721, abs=1e-6)


def test_book_when_a_price_has_no_time_value_then_the_settings_volatility() -> None:
    leg = msgspec.structs.replace(option(24_000, "CE", 75, "60"), last=Decimal(1))
    assert Book.of([leg], SETTING).sigma[0] == 0.13


def test_book_of_shares_alone_then_it_never_expires() -> None:
    book = Book.of([share(10)], SETTING)
    assert book.first_expiry == float("inf")
    assert book.last_expiry == float("inf")
    assert book.forward(0.1) == SPOT


@pytest.mark.parametrize(
    ("leg", "setting", "code"),
    [
        (option(25_000, "CE", 0, "60"), SETTING, "options.no_quantity"),
        (option(25_000, "CE", 75, "-1"), SETTING, "options.no_price"),
        (option(25_000, "CE", 75, "NaN"), SETTING, "options.no_price"),
        (msgspec.structs.replace(option(25_000, "CE", 75, "1"), strike=None), SETTING, "options.no_strike"),
        (msgspec.structs.replace(option(25_000, "CE", 75, "1"), right=None), SETTING, "options.no_strike"),
        (option(25_000, "CE", 75, "60", date(2027, 1, 5)), SETTING, "options.unknown_expiry"),
        (
            option(25_000, "CE", 75, "60"),
            Setting(spot=SPOT, terms={NEAR: Term(0.0, SPOT)}, sigma=0.1),
            "options.expired",
        ),
        (
            option(25_000, "CE", 75, "60"),
            Setting(spot=SPOT, terms={NEAR: Term(0.02, float("nan"))}, sigma=0.1),
            "options.no_forward",
        ),
        (
            option(25_000, "CE", 75, "60"),
            Setting(spot=SPOT, terms={NEAR: Term(0.02, SPOT)}),
            "options.no_volatility",
        ),
        (option(25_000, "CE", 75, "60"), Setting(spot=0.0, terms=SETTING.terms), "options.no_spot"),
    ],
)
def test_book_when_a_leg_cannot_be_valued_then_invalid_with_its_reason(leg: Leg, setting: Setting, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        Book.of([leg], setting)
    assert caught.value.code == code
    assert caught.value.detail.endswith(".")


def test_book_of_no_legs_then_invalid() -> None:
    with pytest.raises(Invalid, match="at least one leg"):
        Book.of([], SETTING)
