"""What the simulated market lists."""

from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import pairwise

from server.feeds.simulator.feed import Simulator
from server.rulebook import Rulebook
from tests.unit.feeds.simulator.conftest import FRIDAY, Make


def test_list_when_first_day_then_at_least_three_thousand_of_every_kind(calm: Simulator) -> None:
    instruments = calm.instruments()
    kinds = Counter(i.kind for i in instruments)
    assert len(instruments) >= 3_000
    assert len({i.key for i in instruments}) == len(instruments)
    assert kinds["INDEX"] == 5
    assert kinds["EQUITY"] == 50
    assert kinds["FUTURE"] == 3 * 54
    keys = {i.key for i in instruments}
    wanted = ("NIFTY", "BANKNIFTY", "FINNIFTY", "MIDCPNIFTY", "INDIAVIX")
    assert {f"NSE_INDEX:{n}" for n in wanted} | {"NSE:RELIANCE", "NSE:M&M"} <= keys


def test_list_when_rules_dated_then_lots_ticks_and_expiries_are_theirs(calm: Simulator, rulebook: Rulebook) -> None:
    nifty = [i for i in calm.instruments() if i.name == "NIFTY" and i.kind == "OPTION"]
    assert {i.expiry for i in nifty} == {e.date for e in rulebook.expiries("NIFTY", FRIDAY)}
    assert min(i.expiry for i in nifty if i.expiry) == date(2026, 11, 23)
    for option in nifty:
        assert option.expiry is not None and option.strike is not None
        assert option.lot == rulebook.lot("NIFTY", option.expiry)
        assert option.strike % rulebook.strike_gap("NIFTY", FRIDAY) == 0
        assert option.freeze == rulebook.freeze("NIFTY", FRIDAY)
        assert option.tick == Decimal("0.05")
    months = [i.expiry for i in calm.instruments() if i.name == "INFY" and i.kind == "FUTURE"]
    assert months == rulebook.futures_expiries("INFY", FRIDAY)


def test_list_when_chain_near_then_call_and_put_of_each_strike_around_the_money(calm: Simulator) -> None:
    near = [
        i for i in calm.instruments() if i.kind == "OPTION" and i.name == "NIFTY" and i.expiry == date(2026, 11, 23)
    ]
    calls = sorted(i.strike for i in near if i.right == "CE" and i.strike)
    puts = sorted(i.strike for i in near if i.right == "PE" and i.strike)
    assert calls == puts
    assert calls[0] < Decimal(24_400) * Decimal("0.95")
    assert calls[-1] > Decimal(24_400) * Decimal("1.05")
    assert {b - a for a, b in pairwise(calls)} == {Decimal(50)}


def test_roll_when_days_pass_then_rows_stay_and_new_listings_are_appended(make: Make) -> None:
    simulator, _ = make(scenario="crash", volatility=3.0)
    before = [i.key for i in simulator.instruments()]
    for _ in range(3):
        assert simulator.next_day()
    after = simulator.instruments()
    assert [i.key for i in after[: len(before)]] == before
    assert len(after) > len(before)
    listed = {i.key for i in after if i.expiry is None or i.expiry >= simulator.state().day}
    assert set(simulator.previous_closes()) == listed


def test_list_when_strikes_left_behind_by_spot_then_still_listed_until_expiry(make: Make) -> None:
    simulator, _ = make(scenario="crash", volatility=3.0)
    far = [
        i for i in simulator.instruments() if i.kind == "OPTION" and i.name == "NIFTY" and i.expiry == date(2026, 12, 1)
    ]
    simulator.next_day()
    today = simulator.previous_closes()
    assert all(i.key in today for i in far)
