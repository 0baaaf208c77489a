"""Faults injected into the whole app under a clock of our own: a read-only database, and a wall clock that steps back.

A database cannot be made read-only under a process that has it open for writing, so the writer's connections are
opened read-only instead: the refusal is SQLite's own.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from server.app.runtime import Runtime
from server.app.settings import Market, Paper, Settings
from server.audit.verify import verify
from server.core.clock import ManualClock
from server.core.errors import Unavailable
from server.domain.events import Notice
from server.domain.orders import Order, OrderRequest
from server.storage.files import DATABASE

NOW = datetime(2026, 11, 20, 4, 30, tzinfo=UTC)
ACCOUNT = "paper-sim"
SETTINGS = Settings(market=Market(start="2026-11-20", history_days=0), paper=Paper(latency_ms=0))

T = TypeVar("T")


async def during(clock: ManualClock, work: Coroutine[Any, Any, T], seconds: float = 60.0) -> T:
    """Let injected time pass in small steps until something is done; fails when it is not done by then."""
    task = asyncio.ensure_future(work)
    end = clock.monotonic() + seconds
    while not task.done():
        assert clock.monotonic() < end, "it never came true"
        await clock.advance(0.05)
        await asyncio.wait({task}, timeout=0.01)  # the disk's threads need real time
    return task.result()


async def until(clock: ManualClock, question: Any) -> None:
    """Let injected time pass until the answer is yes."""

    async def asked() -> None:
        while not question():
            await clock.sleep(0.05)

    await during(clock, asked())


@asynccontextmanager
async def trading(folder: Path, clock: ManualClock) -> AsyncIterator[Runtime]:
    """A running app whose market trades."""
    runtime = await Runtime.open(folder, SETTINGS, clock)
    try:
        await during(clock, runtime.start())
        market = runtime.markets["sim"]
        market.control("seek", to=datetime(2026, 11, 20, 4, 30, tzinfo=UTC))
        await until(clock, lambda: market.quote("NSE:INFY") is not None and market.phase().name == "continuous")
        yield runtime
    finally:
        await during(clock, runtime.stop())


async def buy(runtime: Runtime, clock: ManualClock, request: str) -> Order:
    """One share at the market."""
    wanted = OrderRequest(
        account=ACCOUNT, key="NSE:INFY", side="BUY", quantity=1, type="MARKET", product="MIS", request_id=request
    )
    return (await during(clock, runtime.orders.place(wanted, actor="owner"))).order


async def agree(runtime: Runtime) -> None:
    """Chain, tables and ledger are whole."""
    storage = runtime.storage
    verdict = verify(storage.links(), storage.anchor())
    assert verdict.ok, verdict.problem
    assert await storage.differences() == []
    assert await storage.postings.unbalanced() == 0


async def test_trade_when_the_database_turns_read_only_then_halts_reads_and_resumes(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    async with trading(tmp_path, clock) as runtime:
        first = await buy(runtime, clock, "before")
        writer = runtime.storage._writer
        real = writer._connect
        path = f"file:{tmp_path / DATABASE}?mode=ro"
        writer._connect = lambda: sqlite3.connect(path, uri=True, isolation_level=None, check_same_thread=False)
        await writer.call(lambda _: writer._drop())
        seq = runtime.storage.journal.last_seq
        for number in range(3):
            with pytest.raises(Unavailable, match=r"Trading is halted.*read-only") as caught:
                await buy(runtime, clock, f"refused-{number}")
            assert "resumes" in caught.value.remedy
        assert not runtime.context.ready
        said = [event for _, event in runtime.bus.since(0) or [] if isinstance(event, Notice)]
        assert any(e.level == "bad" and "read-only" in e.text for e in said)
        assert [o.id for o in await runtime.storage.orders.page(ACCOUNT)] == [first.id]
        assert runtime.orders.risk_view(ACCOUNT).state == "HALTED"
        await clock.advance(30)
        assert not runtime.context.ready, "it is not taken for mended by waiting"
        writer._connect = real
        await until(clock, lambda: runtime.context.ready)
        after = await buy(runtime, clock, "after")
        assert after.id > first.id
        assert runtime.storage.journal.last_seq > seq
        found = await runtime.storage.orders.page(ACCOUNT)
        assert {o.request_id for o in found} == {"before", "after"}
        assert all(s.restarts == 0 for s in runtime.supervisor.states())
        await agree(runtime)


async def test_trade_when_the_wall_clock_steps_back_an_hour_then_trading_ids_and_journal_go_on(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    async with trading(tmp_path, clock) as runtime:
        market = runtime.markets["sim"]
        orders = [await buy(runtime, clock, "before")]
        at, seq = market.now(), runtime.storage.journal.last_seq
        clock.jump(clock.now() - timedelta(hours=1))
        orders += [await buy(runtime, clock, f"after-{n}") for n in range(3)]
        await until(
            clock, lambda: all(w.order.state == "FILLED" for w in map(runtime.orders.desk.working, ids(orders)))
        )
        assert ids(orders) == sorted(ids(orders)), "ids go on"
        assert market.now() > at, "market time does not care"
        assert runtime.storage.journal.last_seq > seq
        assert runtime.context.ready
        assert all(s.restarts == 0 for s in runtime.supervisor.states())
        await agree(runtime)
    # and a start under the clock that was set back finds the same books, and the market where it was
    again = await Runtime.open(tmp_path, SETTINGS, clock)
    try:
        assert again.markets["sim"].now() >= at
        assert len(await again.storage.orders.page(ACCOUNT)) == len(orders)
        assert again.ids.next() > orders[-1].id, "ids go on after a start too"
        await agree(again)
    finally:
        await again.stop()


def ids(orders: list[Order]) -> list[str]:
    """Order ids as given."""
    return [o.id for o in orders]
