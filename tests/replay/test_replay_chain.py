"""Chains of replayed markets: real contracts of a real day, computed by the same code as the simulator's."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from server.analytics.cache import Cache
from server.analytics.chains import Chains
from server.analytics.course import straddle_course
from server.analytics.pricing import priced
from server.analytics.view import ChainView
from server.core.clock import IST
from server.core.errors import NotFound
from server.options.legs import Book
from server.options.payoff import outcome
from tests.replay.kit import BANKNIFTY_OPTIONS, Stage, take
from tests.trading import rulebook
from tests.unit.feeds.replay.kit import Bench

MINUTES = "index_minute/BANKNIFTY_1min_2024-01-01_2024-04-30.csv.gz"
EXPIRY = date(2024, 1, 10)
MOMENT = datetime(2024, 1, 5, 11, 30, tzinfo=IST)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """BANKNIFTY's minutes and four of its options."""
    made, _ = take(tmp_path_factory.mktemp("chain"), MINUTES, *BANKNIFTY_OPTIONS)
    yield made


def service(stage: Stage) -> Chains:
    return Chains({"replay-1": stage.market}, rulebook(), stage.clock, Cache(stage.clock))


async def view_at(stage: Stage, chains: Chains, moment: datetime) -> ChainView:
    await stage.reach(moment)
    _, chain = chains.find("replay-1", "BANKNIFTY", EXPIRY)
    return await chains.view("replay-1", chain)


async def test_chain_when_a_real_day_is_replayed_then_volatilities_are_those_of_that_day(bench: Bench) -> None:
    stage = Stage(bench, "2024-01-05")
    chains = service(stage)
    async with stage.running():
        view = await view_at(stage, chains, MOMENT)
    assert view.strikes.tolist() == [47_100.0, 47_400.0, 47_600.0]
    assert view.at >= MOMENT
    known = view.call.iv[np.isfinite(view.call.iv)]
    # the index's options asked about 13 to 16 % in the first week of 2024
    assert len(known) == 3
    assert ((known > 0.09) & (known < 0.2)).all()
    assert view.summary.forward is not None
    assert abs(view.summary.forward / (view.summary.spot or 1) - 1) < 0.01
    assert view.put.rows[0] == -1  # not recorded: nothing is invented
    assert np.isnan(view.put.iv[0])
    chains.close()


async def test_builder_when_a_real_day_is_replayed_then_a_straddle_has_breakevens(bench: Bench) -> None:
    stage = Stage(bench, "2024-01-05")
    chains = service(stage)
    async with stage.running():
        await view_at(stage, chains, MOMENT)
        found, _ = chains.find("replay-1", "BANKNIFTY", EXPIRY)
        base = await priced(chains, "replay-1", found, [EXPIRY])
        legs = [
            base.leg(stage.market.catalogue.get(f"NFO:BANKNIFTY10JAN2447400{right}"), 15, None)
            for right in ("CE", "PE")
        ]
        result = outcome(Book.of(legs, base.setting))
    low, high = result.breakevens
    cost = float(sum(leg.price for leg in legs))
    assert (low, high) == pytest.approx((47_400 - cost, 47_400 + cost))
    assert result.profit_unbounded
    assert result.max_loss == pytest.approx(-15 * cost)
    chains.close()


async def test_straddle_when_a_real_day_is_replayed_then_its_course_ends_at_the_replayed_moment(bench: Bench) -> None:
    stage = Stage(bench, "2024-01-05")
    chains = service(stage)
    async with stage.running():
        await view_at(stage, chains, MOMENT)
        found, _ = chains.find("replay-1", "BANKNIFTY", EXPIRY)
        course = await straddle_course(chains, rulebook(), stage.market, found, EXPIRY, 47_400.0)
    assert len(course.t_ns) > 100
    assert course.t_ns[-1] <= stage.market.now().timestamp() * 1e9
    assert np.isfinite(course.straddle[-1])
    assert 0.05 < course.iv[-1] < 0.4
    chains.close()


async def test_chain_when_an_expiry_was_not_recorded_then_it_is_named(bench: Bench) -> None:
    stage = Stage(bench, "2024-01-05")
    chains = service(stage)
    async with stage.running():
        await stage.turns(5)
        with pytest.raises(NotFound) as caught:
            chains.find("replay-1", "BANKNIFTY", date(2024, 1, 17))
    assert caught.value.code == "chain.unknown"
    assert "2024-01-10" in caught.value.remedy


async def test_chain_when_the_recorded_day_states_changes_then_open_interest_counts_from_the_session_before(
    tmp_path: Path,
) -> None:
    file = "option_chain/nse_api_2025/NIFTY_2025-10-16.csv.gz"
    made, _ = take(tmp_path, file)
    stage = Stage(made, "2025-10-16")
    chains = service(stage)
    async with stage.running():
        await stage.reach(datetime(2025, 10, 16, 14, 20, tzinfo=IST))
        _, chain = chains.find("replay-1", "NIFTY", date(2025, 10, 20))
        view = await chains.view("replay-1", chain)
    at = view.place(25_300.0)
    assert at is not None
    # the page of 14:26 says so itself: -25,613 and +25,093 contracts of 75
    assert (view.call.oi_change[at], view.put.oi_change[at]) == (-25_613 * 75, 25_093 * 75)
    assert view.oi_first == 0
    chains.close()


async def test_chain_when_the_session_before_is_not_known_then_first_seen_and_counted(bench: Bench) -> None:
    stage = Stage(bench, "2024-01-05")
    chains = service(stage)
    async with stage.running():
        view = await view_at(stage, chains, MOMENT)
    assert (view.oi_first, view.call.oi_change[0]) == (4, 0)
    chains.close()
