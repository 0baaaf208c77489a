"""Strategies known again from their legs, and a heap of positions cut into them."""

import msgspec
import pytest

from server.options.recognise import group, recognise
from server.options.resolve import resolve
from server.options.templates import TEMPLATES, Template
from tests.option_chain import LOT, SPOT, listing, option, share

LISTING = listing()


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda t: t.key)
def test_recognise_then_every_template_is_known_again(template: Template) -> None:
    legs = resolve(template, LISTING, lots=3)
    found = recognise(tuple(reversed(legs)), SPOT)
    assert (found.key, found.view, found.lots) == (template.key, template.view, 3)


def test_recognise_when_a_contract_is_held_in_parts_then_they_are_added_up() -> None:
    legs = resolve(TEMPLATES["iron_condor"], LISTING, lots=2)
    halves = [msgspec.structs.replace(leg, quantity=leg.quantity // 2) for leg in legs]
    assert recognise([*halves, *halves]).key == "iron_condor"


def test_recognise_when_positions_cancel_then_what_is_left() -> None:
    legs = resolve(TEMPLATES["short_straddle"], LISTING)
    undone = msgspec.structs.replace(legs[0], quantity=-legs[0].quantity)
    assert recognise([*legs, undone]).key == "short_put"
    assert recognise([legs[0], undone]).key is None


def test_recognise_of_what_has_no_name_then_none() -> None:
    legs = [option(24_000, "CE", 75, "1"), option(24_100, "CE", 150, "1"), option(24_200, "PE", -225, "1")]
    assert recognise(legs).key is None


def test_recognise_of_shares_and_a_call_then_a_covered_call() -> None:
    assert recognise([share(75), option(25_200, "CE", -75, "60")]).key == "covered_call"
    # fewer shares than the call is on cover it in part only
    assert recognise([share(50), option(25_200, "CE", -75, "60")]).key is None


def test_group_of_two_strategies_then_both() -> None:
    condor = resolve(TEMPLATES["iron_condor"], LISTING, lots=2)
    calendar = resolve(TEMPLATES["call_calendar"], LISTING, expiry=1)
    found = group([*condor, *calendar], SPOT)
    assert sorted(str(g.key) for g in found) == ["call_calendar", "iron_condor"]


def test_group_when_one_leg_is_held_more_often_then_the_rest_stands_alone() -> None:
    condor = resolve(TEMPLATES["iron_condor"], LISTING)
    found = group([*condor, msgspec.structs.replace(condor[1], quantity=-LOT)], SPOT)
    assert [g.key for g in found] == ["iron_condor", "short_put"]
    assert sum(leg.quantity for g in found for leg in g.legs if leg.strike == condor[1].strike) == -2 * LOT


def test_group_then_no_unit_is_lost() -> None:
    legs = [
        option(24_000, "PE", -225, "10"),
        option(23_500, "PE", 150, "4"),
        option(25_500, "CE", -75, "12"),
        option(26_000, "CE", 75, "3"),
        option(26_500, "CE", 300, "1"),
    ]
    found = group(legs, SPOT)
    for leg in legs:
        assert sum(g.quantity for one in found for g in one.legs if g.strike == leg.strike) == leg.quantity


def test_group_of_nothing_then_nothing() -> None:
    assert group([]) == []
