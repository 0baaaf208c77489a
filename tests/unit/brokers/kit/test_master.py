"""The merged master: what is typed finds what is meant, brokers that disagree are named."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from server.brokers.kit.master import MergedMaster
from server.core.errors import NotFound
from server.domain.instruments import Instrument
from tests.brokers.abroad import coin
from tests.instruments import future, index, option, share

NEAR, FAR = date(2026, 11, 24), date(2026, 12, 29)


def listed() -> list[Instrument]:
    """Shares, an index, two expiries."""
    return [
        msgspec.structs.replace(share("RELIANCE"), title="Reliance Industries"),
        msgspec.structs.replace(share("RPOWER"), title="Reliance Power"),
        share("SBIN"),
        share("SBIN", "BSE"),
        index("NIFTY"),
        index("BANKNIFTY"),
        future("NIFTY", NEAR),
        future("NIFTY", FAR),
        future("RELIANCE", NEAR, lot=500),
        *(option("NIFTY", day, 24000 + 50 * n, r) for day in (NEAR, FAR) for n in range(21) for r in ("CE", "PE")),
        option("BANKNIFTY", NEAR, 55000, "CE", lot=30),
        option("NIFTY", NEAR, "24512.5", "CE"),
    ]


@pytest.fixture
def master() -> MergedMaster:
    """One broker's list merged."""
    found = MergedMaster()
    assert found.merge("kite", listed()) == len(listed()) == len(found)
    return found


def find(master: MergedMaster, text: str, limit: int = 50, **more: object) -> list[str]:
    """Symbols found."""
    filters: dict[str, object] = {"kind": None, "name": None, "expiry": None} | more
    return [one.symbol for one in master.search(text, limit=limit, **filters)]  # type: ignore[arg-type]


def test_search_when_a_name_is_typed_then_it_comes_first(master: MergedMaster) -> None:
    assert find(master, "nifty", 4)[:2] == ["NIFTY", "NIFTY24NOV26FUT"]
    assert find(master, "reliance") == ["RELIANCE", "RELIANCE24NOV26FUT", "RPOWER"]
    assert find(master, "power") == ["RPOWER"]
    assert find(master, "sbi") == ["SBIN", "SBIN"]
    assert find(master, "sbin bse") == ["SBIN"]


def test_search_when_strike_right_and_day_are_typed_then_that_option(master: MergedMaster) -> None:
    assert find(master, "nif 24500 ce") == ["NIFTY24NOV2624500CE", "NIFTY29DEC2624500CE"]
    assert find(master, "24500 put dec") == ["NIFTY29DEC2624500PE"]
    assert find(master, "nifty 29dec 24450 call") == ["NIFTY29DEC2624450CE"]
    assert find(master, "24512.5") == ["NIFTY24NOV2624512.5CE"]
    assert find(master, "NIFTY24NOV2624500C") == ["NIFTY24NOV2624500CE"]
    assert find(master, "nifty24nov26", 3, kind="FUTURE") == ["NIFTY24NOV26FUT"]
    assert find(master, "nifty fut", kind="FUTURE") == ["NIFTY24NOV26FUT", "NIFTY29DEC26FUT"]


def test_search_when_many_match_then_the_middle_of_the_nearest_chain_first(master: MergedMaster) -> None:
    first = find(master, "nifty opt", 4)
    assert all(symbol.startswith("NIFTY24NOV26245") for symbol in first), first


@pytest.mark.parametrize("text", ["???", "nosuch", "nifty nosuch", "nifty 99999"])
def test_search_when_nothing_fits_then_nothing(master: MergedMaster, text: str) -> None:
    assert find(master, text) == []


def test_search_when_filtered_then_by_kind_name_and_expiry(master: MergedMaster) -> None:
    assert set(find(master, "", name="BANKNIFTY")) == {"BANKNIFTY", "BANKNIFTY24NOV2655000CE"}
    assert len(find(master, "", 500, name="NIFTY", kind="OPTION", expiry=FAR)) == 42
    assert find(MergedMaster(), "x") == []


def test_chain_when_asked_then_by_strike_call_first(master: MergedMaster) -> None:
    assert master.expiries("NIFTY") == [NEAR, FAR]
    keys = master.chain("NIFTY", FAR)
    assert len(keys) == 42
    assert keys[:3] == ["NFO:NIFTY29DEC2624000CE", "NFO:NIFTY29DEC2624000PE", "NFO:NIFTY29DEC2624050CE"]
    with pytest.raises(NotFound):
        master.chain("NIFTY", date(2027, 1, 1))


def test_merge_when_a_second_broker_disagrees_then_said_and_the_first_stands(master: MergedMaster) -> None:
    theirs = [msgspec.structs.replace(future("NIFTY", NEAR), lot=75), share("TCS")]
    assert master.merge("upstox", theirs) == 1
    assert master.carriers == {"kite": len(listed()), "upstox": 2}
    assert master.conflict_count == {"lot": 1}
    assert "lot is 65, and 75 according to upstox" in master.conflicts["NFO:NIFTY24NOV26FUT"]
    found = master.find("NFO:NIFTY24NOV26FUT")
    assert found is not None and found.lot == 65
    assert find(master, "tcs") == ["TCS"]
    assert master.find("NSE:NONE") is None


def test_find_when_strike_is_a_decimal_then_exact(master: MergedMaster) -> None:
    found = master.find("NFO:NIFTY24NOV2624512.5CE")
    assert found is not None and found.strike == Decimal("24512.5")


def test_search_when_a_pair_is_typed_then_found_by_its_symbol(master: MergedMaster) -> None:
    btc, other = coin("BTC", "USDT"), coin("BTC", "USDC")
    master.merge("binance", [btc, other, coin("ETH", "USDT")])
    found = master.search("btcusd", kind=None, name=None, expiry=None, limit=5)
    assert {one.key for one in found} == {btc.key, other.key}
    assert [one.key for one in master.search("BTCUSDT", kind=None, name=None, expiry=None, limit=5)] == [btc.key]
