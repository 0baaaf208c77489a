"""The simulated day keeps the exchange's hours."""

from datetime import UTC, datetime

import numpy as np

from server.core.clock import to_ns
from server.feeds.simulator.feed import Simulator
from server.feeds.simulator.schedule import STEP, schedule
from server.rulebook import Rulebook
from tests.unit.feeds.simulator.conftest import FRIDAY, Make
from tests.unit.feeds.simulator.kit import table


def _step(simulator: Simulator, hour: int, minute: int, second: int = 0) -> int:
    day = simulator.state().day
    moment = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)
    return (to_ns(moment) - simulator.plan().open) // STEP


def test_plan_when_closing_auction_in_force_then_shares_stop_early_and_derivatives_go_on(rulebook: Rulebook) -> None:
    plan = schedule(rulebook, FRIDAY)
    assert plan.spot_close == to_ns(datetime(2026, 11, 20, 9, 45, tzinfo=UTC))
    assert plan.fno_close == to_ns(datetime(2026, 11, 20, 10, 10, tzinfo=UTC))
    assert plan.auction == to_ns(datetime(2026, 11, 20, 10, 0, tzinfo=UTC))
    assert plan.start == plan.open - 10 * 1_000_000_000


def test_plan_when_before_the_auctions_then_one_close_for_all(rulebook: Rulebook) -> None:
    plan = schedule(rulebook, FRIDAY.replace(year=2025))
    assert plan.auction is None
    assert plan.spot_close == plan.fno_close


def test_tick_when_auction_is_called_then_shares_are_silent_until_its_one_print(calm: Simulator) -> None:
    tape = calm.tape()
    silent = tape.batch(_step(calm, 9, 45), 800, 1.0)
    assert silent is not None
    assert not np.any(silent.rows < 54)
    assert np.any(silent.rows == 54)
    assert np.any(silent.rows > 54)
    match = tape.batch(_step(calm, 10, 0), 1, 1.0)
    assert match is not None
    assert np.array_equal(np.sort(match.rows[match.rows < 54]), np.arange(54))
    after = tape.batch(_step(calm, 10, 0) + 1, 400, 1.0)
    assert after is not None and not np.any(after.rows < 54)


def test_close_when_auction_matched_then_it_is_the_next_days_previous_close(make: Make) -> None:
    simulator, _ = make()
    match = table(simulator, simulator.tape().batch(_step(simulator, 10, 0), 1, 1.0))
    final = table(simulator, simulator.tape().everything(10**6))
    simulator.next_day()
    closes = simulator.previous_closes()
    assert closes["NSE:RELIANCE"] == match["NSE:RELIANCE"]["ltp"] == final["NSE:RELIANCE"]["ltp"]
    assert closes["NSE_INDEX:NIFTY"] == match["NSE_INDEX:NIFTY"]["ltp"]
    assert closes["NSE_INDEX:INDIAVIX"] == final["NSE_INDEX:INDIAVIX"]["ltp"]
    assert closes["NFO:NIFTY29DEC26FUT"] == final["NFO:NIFTY29DEC26FUT"]["ltp"]


def test_last_step_when_day_ends_then_every_contract_prints(calm: Simulator) -> None:
    last = calm.tape().batch(calm.tape().steps - 1, 1, 1.0)
    assert last is not None
    derivatives = sum(i.derivative for i in calm.instruments())
    assert np.count_nonzero(last.rows > 54) == derivatives
    assert calm.tape().batch(calm.tape().steps, 100, 1.0) is None
    assert calm.tape().everything(-1) is None


def test_open_when_first_second_passes_then_every_instrument_has_a_price(calm: Simulator) -> None:
    seen: set[int] = set()
    for step in range(4):
        batch = calm.tape().batch(step, 1, 1.0)
        assert batch is not None
        seen |= set(batch.rows.tolist())
    assert len(seen) == len(calm.instruments())


def test_expiry_when_auction_printed_then_options_settle_on_the_close(make: Make) -> None:
    simulator, _ = make()
    simulator.next_day()
    assert simulator.state().day.isoformat() == "2026-11-23"
    final = table(simulator, simulator.tape().everything(10**6))
    close = final["NSE_INDEX:NIFTY"]["ltp"]
    for strike in range(int(close // 50) * 50 - 500, int(close // 50) * 50 + 550, 50):
        call = final[f"NFO:NIFTY23NOV26{strike}CE"]
        assert abs(call["ltp"] - max(0.05, close - strike)) <= 3.0
    simulator.next_day()
    assert "NFO:NIFTY23NOV26FUT" not in simulator.previous_closes()


def test_previous_interest_when_the_day_begins_then_what_the_contracts_open_with_and_the_day_before_ended_with(
    make: Make,
) -> None:
    simulator, _ = make()
    begun = simulator.previous_interest()
    first = table(simulator, simulator.tape().everything(0))
    options = [i.key for i in simulator.instruments() if i.kind == "OPTION"]
    assert {key: begun[key] for key in options} == {key: first[key]["oi"] for key in options}
    # the last minute published what was open before it: the evening differs by that minute's change alone
    final = table(simulator, simulator.tape().everything(10**6))
    simulator.next_day()
    after = simulator.previous_interest()
    both = [key for key in options if key in after and final[key]["oi"] > 100_000]
    assert len(both) > 100
    assert all(abs(after[key] / final[key]["oi"] - 1) < 0.05 for key in both)


def test_open_interest_when_expiry_nears_then_builds(make: Make) -> None:
    simulator, _ = make()
    seen = []
    for _ in range(4):
        chain = [r for r, i in enumerate(simulator.instruments()) if i.symbol.startswith("NIFTY01DEC26")]
        batch = simulator.tape().everything(10**6)
        assert batch is not None
        seen.append(int(batch.oi[np.isin(batch.rows, chain)].sum()))
        simulator.next_day()
    assert seen == sorted(seen)
    assert seen[-1] > 1.5 * seen[0]
