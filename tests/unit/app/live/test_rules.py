"""The router's rules: kept whole or not at all, and in force at once."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from server.api.live import RoutingAsked
from server.app.live import registry
from server.app.live.links import Kept, Link
from server.app.live.router import Router
from server.app.live.rules import RulesKept
from server.app.live.usage import UsageLog
from server.brokers.kit.ports import Usage
from server.core.clock import ManualClock
from server.core.errors import Conflict, Invalid
from server.domain.accounts import Account
from server.storage.store import Storage
from server.storage.usage import UsageFile

START = datetime(2026, 11, 20, 4, 40, tzinfo=UTC)


def linked(account: str, broker: str, market: str = "live-in") -> Link:
    link = Link(
        Account(id=account, title=account.title(), broker=broker, market=market, mode="LIVE"),
        registry.adapter(broker),
        Kept(),
    )
    link.state = "connected"
    return link


class World:
    """Three accounts, their router, and rules on disk."""

    def __init__(self, folder: Path, storage: Storage, clock: ManualClock, prefer: dict[str, str]) -> None:
        self.links = {
            "kite": linked("kite", "zerodha"),
            "upstox": linked("upstox", "upstox"),
            "alpaca": linked("alpaca", "alpaca", "live-world"),
        }
        self.clock = clock
        self.usage = UsageLog(UsageFile(folder), clock, lambda: 14, lambda _: None)
        self.changes = 0
        self.rules = RulesKept(storage, clock, self.links, prefer, self.changed)
        self.router = Router(self.links, self.usage, lambda: self.rules.rules)

    def changed(self) -> None:
        self.changes += 1

    def called(self, account: str, seconds: float) -> None:
        link = self.links[account]
        self.usage.add(
            Usage(
                account=account,
                broker=link.account.broker,
                endpoint="default",
                call="funds",
                status=200,
                seconds=seconds,
                at=self.clock.now(),
            )
        )


@pytest.fixture
async def storage(tmp_path: Path) -> Any:
    opened = await Storage.open(tmp_path / "data", ManualClock(START), version="test")
    yield opened
    await opened.close()


def asked(revision: int = 0, **changes: Any) -> RoutingAsked:
    return RoutingAsked(**{"quotes": [], "history": [], "orders": {}, "revision": revision, **changes})


async def test_rules_when_set_then_they_go_before_the_score_and_outlive_a_restart(
    tmp_path: Path, storage: Storage
) -> None:
    world = World(tmp_path, storage, ManualClock(START), {})
    await world.rules.load()
    world.called("kite", 0.9)
    world.called("upstox", 0.1)
    assert world.router.told().reads[1].now[0] == "upstox"  # by score
    await world.rules.change(asked(history=["kite", "upstox"], orders={"NFO": "upstox"}))
    told = world.router.told()
    assert [route.now for route in told.reads] == [["upstox", "kite", "alpaca"], ["kite", "upstox", "alpaca"]]
    again = World(tmp_path, storage, ManualClock(START), {"history": "alpaca"})
    await again.rules.load()
    assert again.rules.rules == world.rules.rules
    orders = {route.segment: (route.able, route.account) for route in again.router.told().orders}
    assert orders["NFO"] == (["kite", "upstox"], "upstox")
    assert orders["GLOBAL"] == (["alpaca"], "")
    assert (world.changes, again.changes) == (2, 1)


async def test_first_account_when_it_is_down_then_the_next_is_asked(tmp_path: Path, storage: Storage) -> None:
    world = World(tmp_path, storage, ManualClock(START), {})
    await world.rules.change(asked(quotes=["kite"]))
    world.links["kite"].state = "failed"
    route = world.router.told().reads[0]
    assert (route.order, route.now) == (["kite"], ["alpaca", "upstox"])


async def test_settings_when_no_rule_was_set_then_the_file_stands(tmp_path: Path, storage: Storage) -> None:
    world = World(tmp_path, storage, ManualClock(START), {"history": "upstox", "chain": "kite"})
    await world.rules.load()
    assert [route.order for route in world.router.told().reads] == [[], ["upstox"]]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"quotes": ["nobody"]}, "quotes[0]", "no live account"),
        ({"history": ["kite", "kite"]}, "history[1]", "named twice"),
        ({"orders": {"NFO": "alpaca"}}, "orders.NFO", "does not trade NFO; it trades"),
        ({"orders": {"MOON": "kite"}}, "orders.MOON", "does not trade MOON"),
        ({"orders": {"NSE": "paper-sim"}}, "orders.NSE", "no live account"),
    ],
)
async def test_rule_when_it_cannot_be_then_refused_and_nothing_is_changed(
    tmp_path: Path, storage: Storage, changes: dict[str, Any], field: str, words: str
) -> None:
    world = World(tmp_path, storage, ManualClock(START), {})
    await world.rules.change(asked(history=["upstox"]))
    with pytest.raises(Invalid, match=words) as caught:
        await world.rules.change(asked(1, **changes))
    assert caught.value.field == field
    assert caught.value.remedy
    assert world.rules.rules.history == ("upstox",)
    assert await storage.settings.get("routing", None) == {
        "quotes": [],
        "history": ["upstox"],
        "orders": {},
        "revision": 1,
    }


async def test_rules_when_changed_meanwhile_then_a_conflict(tmp_path: Path, storage: Storage) -> None:
    world = World(tmp_path, storage, ManualClock(START), {})
    await world.rules.change(asked(history=["kite"]))
    with pytest.raises(Conflict, match="changed meanwhile"):
        await world.rules.change(asked(0, history=["upstox"]))
