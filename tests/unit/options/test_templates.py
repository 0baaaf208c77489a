"""Templates meet a chain: right legs, right side of the money, moved by strike and by delta, refused in words."""

from decimal import Decimal

import msgspec
import numpy as np
import pytest

from server.core.errors import Invalid
from server.options import payoff
from server.options.legs import Book
from server.options.listing import Listing
from server.options.resolve import entry_order, move_to_delta, resolve, shift_legs, with_lots
from server.options.templates import TEMPLATES, Template
from tests.option_chain import FAR, LOT, NEXT, SPOT, listing

LISTING = listing()
ALL = list(TEMPLATES.values())


def test_templates_then_there_are_many_for_every_view() -> None:
    assert len(TEMPLATES) >= 25
    for view in ("bullish", "bearish", "neutral", "volatile"):
        assert sum(t.view == view for t in ALL) >= 6, view


@pytest.mark.parametrize("template", ALL, ids=lambda t: t.key)
@pytest.mark.parametrize("by_delta", [False, True])
def test_resolve_then_legs_as_the_template_says(template: Template, by_delta: bool) -> None:
    legs = resolve(template, LISTING, lots=2, by_delta=by_delta)
    assert [leg.quantity for leg in legs] == [2 * LOT * t.ratio for t in template.legs]
    assert [leg.right for leg in legs] == [{"C": "CE", "P": "PE"}.get(t.type) for t in template.legs]
    placed = [(t.expiry, t.steps, leg.strike) for t, leg in zip(template.legs, legs, strict=True) if leg.strike]
    for e, steps, strike in placed:
        for other, more, further in placed:
            if e == other and steps < more:
                assert strike < further
            if (e, steps) == (other, more):
                assert strike == further
    assert all(leg.price == leg.last for leg in legs)
    assert all(leg.key.startswith("NFO:NIFTY") for leg in legs)


@pytest.mark.parametrize("template", ALL, ids=lambda t: t.key)
def test_resolve_then_what_is_called_limited_is(template: Template) -> None:
    legs = resolve(template, LISTING)
    found = payoff.outcome(Book.of(legs, LISTING.setting()))
    if template.loss_limited:
        assert found.max_loss is not None
        # capped by its legs: no more is lost where the underlying is worth nothing than at half its price
        if not any(leg.kind != "OPTION" for leg in legs) and found.exact:
            book = Book.of(legs, LISTING.setting())
            low = payoff.profit(book, [0.0, SPOT / 2], found.at_years)
            assert low[0] >= low[1] - 1e-6
    if found.loss_unbounded:
        assert not template.loss_limited
    if template.profit_limited:
        assert not found.profit_unbounded


@pytest.mark.parametrize("template", ALL, ids=lambda t: t.key)
def test_resolve_then_it_earns_where_its_view_says(template: Template) -> None:
    legs = resolve(template, LISTING)
    book = Book.of(legs, LISTING.setting())
    until = book.first_expiry
    down, still, up = payoff.profit(book, [0.96 * SPOT, 1.001 * SPOT, 1.04 * SPOT], until)
    near_up, near_down = payoff.profit(book, [1.018 * SPOT, 0.982 * SPOT], until)
    match template.view:
        case "bullish":
            assert max(up, near_up) > max(down, near_down) or up + near_up > down + near_down
        case "bearish":
            assert max(down, near_down) > max(up, near_up) or down + near_down > up + near_up
        case "neutral":
            assert max(still, near_up, near_down) > min(up, down)
        case "volatile":
            assert max(up, down) > still


def test_resolve_of_an_iron_condor_then_the_money_lies_between_its_short_strikes() -> None:
    low, short_put, short_call, high = (leg.strike for leg in resolve(TEMPLATES["iron_condor"], LISTING))
    assert low < short_put < Decimal(int(SPOT)) < short_call < high  # type: ignore[operator]


def test_resolve_when_shifted_then_every_strike_moves() -> None:
    before, after = (resolve(TEMPLATES["short_strangle"], LISTING, shift=s) for s in (0, 3))
    assert [a.strike - b.strike for a, b in zip(after, before, strict=True)] == [150, 150]  # type: ignore[operator]


def test_resolve_when_the_width_is_given_then_it_is_kept() -> None:
    legs = resolve(TEMPLATES["iron_butterfly"], LISTING, width=100)
    assert [leg.strike for leg in legs] == [24_550, 24_850, 24_850, 25_150]


def test_resolve_by_delta_then_each_leg_near_its_delta() -> None:
    legs = resolve(TEMPLATES["short_strangle"], LISTING, by_delta=True)
    near = LISTING.at(0)
    put, call = (near.call_delta[np.flatnonzero(near.strikes == float(leg.strike or 0))[0]] for leg in legs)
    assert 1 - put == pytest.approx(0.16, abs=0.03)
    assert call == pytest.approx(0.16, abs=0.03)


def test_resolve_of_the_underlying_then_shares_where_there_are_any_else_a_future() -> None:
    held = resolve(TEMPLATES["covered_call"], LISTING)[0]
    assert (held.kind, held.expiry, held.key) == ("FUTURE", FAR, "NFO:NIFTY29DEC26FUT")
    held = resolve(TEMPLATES["covered_call"], listing(shares=True))[0]
    assert (held.kind, held.expiry, held.key) == ("EQUITY", None, "NSE:NIFTY")


def test_resolve_of_a_calendar_then_the_chosen_expiry_and_the_one_after() -> None:
    assert [leg.expiry for leg in resolve(TEMPLATES["call_calendar"], LISTING, expiry=1)] == [NEXT, FAR]


@pytest.mark.parametrize(
    ("key", "kwargs", "chain", "code"),
    [
        ("iron_condor", {"lots": 0}, LISTING, "options.lots"),
        ("iron_condor", {"expiry": 3}, LISTING, "options.unknown_expiry"),
        ("call_calendar", {"expiry": 2}, LISTING, "options.unknown_expiry"),
        ("iron_condor", {"shift": 500}, LISTING, "options.no_strike"),
        ("covered_call", {}, listing(futures=False), "options.no_underlying"),
    ],
)
def test_resolve_when_the_chain_cannot_carry_it_then_invalid(
    key: str, kwargs: dict[str, int], chain: Listing, code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        resolve(TEMPLATES[key], chain, **kwargs)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_resolve_when_one_strike_alone_is_quoted_then_invalid_for_spreads_and_fine_for_one_leg() -> None:
    near = LISTING.at(0)
    lone = np.full(near.strikes.size, np.nan)
    lone[near.atm] = 150.0
    thin = msgspec.structs.replace(LISTING, expiries=(msgspec.structs.replace(near, call=lone, put=lone),))
    assert len(resolve(TEMPLATES["short_straddle"], thin)) == 2
    with pytest.raises(Invalid) as caught:
        resolve(TEMPLATES["iron_condor"], thin)
    assert caught.value.code == "options.no_strike"


def test_shift_legs_then_only_those_named_move_and_are_priced_anew() -> None:
    legs = resolve(TEMPLATES["short_strangle"], LISTING)
    moved = shift_legs(legs, LISTING, 2, only={1})
    assert moved[0] == legs[0]
    assert moved[1].strike == legs[1].strike + 100  # type: ignore[operator]
    assert moved[1].price < legs[1].price
    with pytest.raises(Invalid):
        shift_legs(legs, LISTING, 1000)


def test_move_to_delta_then_the_nearest_strike() -> None:
    legs = resolve(TEMPLATES["short_strangle"], LISTING)
    moved = move_to_delta(legs, 0, 0.4, LISTING)
    near = LISTING.at(0)
    place = int(np.flatnonzero(near.strikes == float(moved[0].strike or 0))[0])
    assert 1 - near.call_delta[place] == pytest.approx(0.4, abs=0.03)
    for index, delta in ((5, 0.4), (0, 1.4)):
        with pytest.raises(Invalid):
            move_to_delta(legs, index, delta, LISTING)


def test_with_lots_and_entry_order_then_scaled_and_bought_first() -> None:
    legs = resolve(TEMPLATES["iron_condor"], LISTING)
    assert [leg.quantity for leg in with_lots(legs, 3)] == [225, -225, -225, 225]
    assert entry_order(legs) == (0, 3, 1, 2)
    with pytest.raises(Invalid):
        with_lots(legs, 0)
