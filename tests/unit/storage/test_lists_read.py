"""Accounts, triggers, baskets, risk rows, settings, markets and the audit log as read back from disk."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from server.core.errors import NotFound
from server.domain.journal import (
    BasketChanged,
    MarketMoved,
    ParentChanged,
    RiskChanged,
    SettingChanged,
    StrategyChanged,
    TriggerChanged,
)
from tests.unit.storage.samples import ACCOUNT, NOW, deposit, entry, intended, opened, opening


def trigger(number: int, state: str, event: str = "placed") -> TriggerChanged:
    """A GTT of the test's account."""
    return TriggerChanged(event=event, id=f"T{number}", account=ACCOUNT, state=state, body={"at": Decimal("24.50")})


async def test_triggers_when_changed_then_the_last_state_stands(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        for number in range(1, 5):
            await storage.journal.commit(entry(trigger(number, "armed"), number))
        await storage.journal.commit(entry(trigger(2, "fired", "fired"), 60))
        assert [t.id for t in await storage.triggers.load_all(("armed",))] == ["T1", "T3", "T4"]
        assert [t.id for t in await storage.triggers.page(ACCOUNT, limit=2)] == ["T4", "T3"]
        assert [t.id for t in await storage.triggers.page(ACCOUNT, before="T3")] == ["T2", "T1"]
        assert [t.id for t in await storage.triggers.page(ACCOUNT, states=("fired",))] == ["T2"]
        kept = await storage.triggers.get("T2")
        assert (kept.event, kept.body, kept.updated) == ("fired", {"at": "24.50"}, NOW + timedelta(seconds=60))
        with pytest.raises(NotFound):
            await storage.triggers.get("T9")


async def test_baskets_when_kept_then_apart_from_triggers(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        basket = BasketChanged(event="placed", id="B1", account=ACCOUNT, state="working", body={"legs": [1, 2]})
        await storage.journal.commit(entry(basket))
        assert (await storage.baskets.get("B1")).body == {"legs": [1, 2]}
        assert await storage.triggers.page(ACCOUNT) == []


async def test_strategies_when_changed_then_the_last_state_stands_and_rebuilds(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        for event, state in (("drafted", "DRAFT"), ("opened", "ACTIVE")):
            body = {"name": "Iron condor", "state": state}
            changed = StrategyChanged(event=event, id="S1", account=ACCOUNT, state=state, body=body)
            await storage.journal.commit(entry(changed))
        assert (await storage.strategies.get("S1")).body == {"name": "Iron condor", "state": "ACTIVE"}
        assert [s.id for s in await storage.strategies.load_all(("ACTIVE",))] == ["S1"]
        assert await storage.baskets.page(ACCOUNT) == []
        assert await storage.rebuild() == 2
        assert (await storage.strategies.get("S1")).event == "opened"
        assert await storage.differences() == []


async def test_risk_when_set_twice_then_the_last_stands(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        for engaged in (True, False):
            await storage.journal.commit(
                entry(RiskChanged(account="*", name="kill_switch", body={"engaged": engaged}, reason="drill"))
            )
        await storage.journal.commit(entry(RiskChanged(account=ACCOUNT, name="day_start", body={"equity": 5})))
        found = await storage.risk.load_all()
        assert [(r.account, r.name, r.body, r.reason) for r in found] == [
            ("*", "kill_switch", {"engaged": False}, "drill"),
            (ACCOUNT, "day_start", {"equity": 5}, ""),
        ]


async def test_settings_when_set_then_read_by_name_or_prefix(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        for name, value in (("watchlists", [{"id": "w"}]), ("layout.a", None), ("layout.b", 2), ("layout_c", 3)):
            await storage.journal.commit(entry(SettingChanged(name=name, value=value)))
        assert await storage.settings.get("watchlists") == [{"id": "w"}]
        assert await storage.settings.get("layout.a", "default") is None
        assert await storage.settings.get("never", "default") == "default"
        assert await storage.settings.load_all("layout.") == {"layout.a": None, "layout.b": 2}
        assert len(await storage.settings.load_all()) == 4


async def test_markets_and_accounts_when_written_then_read(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(opening())
        for hours in (0, 5):
            moved = MarketMoved(market="sim", at_market=NOW + timedelta(hours=hours), day=NOW.date(), body={"h": hours})
            await storage.journal.commit(entry(moved))
        market = (await storage.markets.load_all())["sim"]
        assert (market.at_market, market.day, market.body) == (NOW + timedelta(hours=5), NOW.date(), {"h": 5})
        (account,) = await storage.accounts.load_all()
        assert account == opening().payload.account  # type: ignore[union-attr]


async def test_audit_when_paged_then_newest_first_and_entries_whole(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        await storage.journal.commit(opening(), intended(1), deposit(1), deposit(2))
        page = await storage.audit.page(limit=3)
        assert [(line.seq, line.kind) for line in page] == [
            (4, "funds.moved"),
            (3, "funds.moved"),
            (2, "order.changed"),
        ]
        assert [line.seq for line in await storage.audit.page(before=3)] == [2, 1]
        assert page[2].entry.payload == intended(1).payload
        assert [line.seq for line in await storage.audit.page(subject=ACCOUNT)] == [4, 3, 1]
        assert len(page[0].hash) == 64
        assert await storage.audit.last_seq() == 4


async def test_parents_when_changed_then_the_last_state_stands_and_rebuilds(tmp_path: Path) -> None:
    async with opened(tmp_path) as storage:
        for event, state in (("created", "RUNNING"), ("done", "DONE")):
            body = {"kind": "bracket", "state": state}
            await storage.journal.commit(
                entry(ParentChanged(event=event, id="P1", account=ACCOUNT, state=state, body=body))
            )
        assert (await storage.parents.get("P1")).body == {"kind": "bracket", "state": "DONE"}
        assert await storage.parents.load_all(("RUNNING",)) == []
        assert await storage.rebuild() == 2
        assert await storage.differences() == []
