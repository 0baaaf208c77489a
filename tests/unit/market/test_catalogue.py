"""Search finds what people type; chains and rows look up."""

from datetime import date
from decimal import Decimal

import pytest

from server.core.errors import Fault, NotFound
from server.market.catalogue import Catalogue
from tests.instruments import future, index, option, share

DEC1, DEC29 = date(2026, 12, 1), date(2026, 12, 29)
LISTED = [
    *(
        option(n, e, s, r)
        for n in ("NIFTY", "BANKNIFTY")
        for e in (DEC29, DEC1)
        for s in (24400, 24500, 24600)
        for r in ("PE", "CE")
    ),
    future("NIFTY", DEC29),
    share("RELIANCE"),
    share("NIFTYBEES"),
    index("NIFTY"),
    index("BANKNIFTY"),
]


def keys(catalogue: Catalogue, query: str, **filters: object) -> list[str]:
    return [catalogue.key(row) for row in catalogue.search(query, **filters)]  # type: ignore[arg-type]


def test_search_when_prefix_strike_and_right_are_typed_then_finds_those_options_soonest_first() -> None:
    found = keys(Catalogue(LISTED), "nif 24500 ce")
    assert found == ["NFO:NIFTY01DEC2624500CE", "NFO:NIFTY29DEC2624500CE"]


def test_search_when_a_name_is_typed_then_the_index_comes_first() -> None:
    found = keys(Catalogue(LISTED), "nifty")
    assert found[0] == "NSE_INDEX:NIFTY"
    assert found[1] == "NFO:NIFTY29DEC26FUT"
    assert found.index("NSE:NIFTYBEES") > found.index("NFO:NIFTY29DEC2624600PE")


def test_search_when_strikes_are_many_then_those_near_the_money_come_first() -> None:
    found = keys(Catalogue(LISTED), "nifty 1dec", near=lambda _: 24_590.0)
    assert found[:4] == [
        "NFO:NIFTY01DEC2624600CE",
        "NFO:NIFTY01DEC2624600PE",
        "NFO:NIFTY01DEC2624500CE",
        "NFO:NIFTY01DEC2624500PE",
    ]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("rel", "NSE:RELIANCE"),
        ("BANKNIFTY24400PE", None),
        ("bankn 24400 put dec", "NFO:BANKNIFTY01DEC2624400PE"),
        ("nifty01dec2624500ce", "NFO:NIFTY01DEC2624500CE"),
        ("nifty fut", "NFO:NIFTY29DEC26FUT"),
        ("zzz", None),
        ("!!", None),
    ],
)
def test_search_when_people_type_then_finds(query: str, first: str | None) -> None:
    assert next(iter(keys(Catalogue(LISTED), query)), None) == first


def test_search_when_filtered_then_only_those() -> None:
    catalogue = Catalogue(LISTED)
    assert keys(catalogue, "", kind="INDEX") == ["NSE_INDEX:NIFTY", "NSE_INDEX:BANKNIFTY"]
    assert len(keys(catalogue, "", name="NIFTY", expiry=DEC1)) == 6
    assert keys(catalogue, "", kind="NOTHING") == []
    assert keys(catalogue, "nifty", name="GOLD") == []
    assert len(keys(catalogue, "nifty", limit=3)) == 3


def test_search_when_a_contract_has_expired_then_it_is_left_out_but_still_known() -> None:
    catalogue = Catalogue(LISTED)
    catalogue.refresh(LISTED, date(2026, 12, 2))
    assert keys(catalogue, "nifty 24500 ce") == ["NFO:NIFTY29DEC2624500CE"]
    assert catalogue.expiries("NIFTY") == [DEC29]
    assert not catalogue.listed(catalogue.row("NFO:NIFTY01DEC2624500CE"))


def test_search_when_listings_are_added_then_they_are_found_too() -> None:
    catalogue = Catalogue(LISTED)
    added = option("NIFTY", date(2026, 12, 8), 24500, "CE")
    assert catalogue.refresh([*LISTED, added]) == range(len(LISTED), len(LISTED) + 1)
    assert "NFO:NIFTY08DEC2624500CE" in keys(catalogue, "nif 24500 ce")


def test_chain_when_listed_then_strikes_with_both_sides() -> None:
    catalogue = Catalogue(LISTED)
    chain = catalogue.chain("NIFTY", DEC1)
    assert [row.strike for row in chain] == [Decimal(24400), Decimal(24500), Decimal(24600)]
    middle = chain[1]
    assert middle.call is not None and middle.put is not None
    assert catalogue.key(middle.call) == "NFO:NIFTY01DEC2624500CE"
    assert catalogue.key(middle.put) == "NFO:NIFTY01DEC2624500PE"
    assert catalogue.option("NIFTY", DEC1, Decimal(24500), "PE") == middle.put
    assert catalogue.option("NIFTY", DEC1, Decimal(99), "PE") is None
    assert catalogue.futures("NIFTY") == [(DEC29, catalogue.row("NFO:NIFTY29DEC26FUT"))]
    with pytest.raises(NotFound):
        catalogue.chain("NIFTY", date(2027, 1, 1))


def test_row_when_unknown_then_not_found_with_a_remedy() -> None:
    with pytest.raises(NotFound) as caught:
        Catalogue(LISTED).row("NSE:NOBODY")
    assert caught.value.field == "key" and caught.value.remedy


def test_refresh_when_a_key_is_listed_twice_then_fault() -> None:
    with pytest.raises(Fault):
        Catalogue([share("RELIANCE"), share("RELIANCE")])
