"""Calls to brokers: counted, scored, written, and still there after a restart."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.app.live.usage import UsageLog
from server.brokers.kit.ports import Usage
from server.core.clock import ManualClock
from server.storage.usage import CallRow, UsageFile

START = datetime(2026, 11, 20, 4, 40, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@asynccontextmanager
async def running(folder: Path, clock: ManualClock, said: list[str]) -> AsyncIterator[UsageLog]:
    log = UsageLog(UsageFile(folder), clock, lambda: 14, said.append)
    ready = asyncio.Event()
    task = asyncio.create_task(log.run(ready.set))
    await ready.wait()
    yield log
    task.cancel()
    await asyncio.wait({task})


def call(clock: ManualClock, seconds: float = 0.1, *, status: int = 200, problem: str = "", left: int = 5) -> Usage:
    return Usage(
        account="kite",
        broker="zerodha",
        endpoint="orders",
        call="place",
        status=status,
        seconds=seconds,
        at=clock.now(),
        left=left,
        problem=problem,
    )


async def test_calls_when_sauda_starts_again_then_still_told_and_scored(tmp_path: Path, clock: ManualClock) -> None:
    async with running(tmp_path, clock, []) as log:
        for number in range(4):
            log.add(call(clock, 0.1 + number / 10, status=500 if number == 3 else 200))
            await clock.advance(60)
        before = log.score("kite")
    async with running(tmp_path, clock, []) as log:
        (line,) = await log.lines(1)
        assert (line.calls, line.failures, line.last_problem, line.left) == (4, 1, "HTTP 500", 5)
        assert line.p50_ms == 250.0
        assert [point.calls for point in line.course] == [1, 1, 1, 1]
        assert [point.failures for point in line.course] == [0, 0, 0, 1]
        assert [one.ms for one in await log.calls(2)] == [400.0, 300.0]
        after = log.score("kite")
        assert (after.score, after.success, after.median_ms) == (before.score, 0.75, 250.0)
        assert after.free is None  # a window that was full then says nothing now


async def test_span_when_shorter_than_the_past_then_only_it_is_summed(tmp_path: Path, clock: ManualClock) -> None:
    async with running(tmp_path, clock, []) as log:
        log.add(call(clock))
        await clock.advance(7_200)
        log.add(call(clock))
        assert [line.calls for line in await log.lines(1)] == [1]
        assert [line.calls for line in await log.lines(24)] == [2]


async def test_calls_when_older_than_kept_then_gone(tmp_path: Path, clock: ManualClock) -> None:
    async with running(tmp_path, clock, []) as log:
        log.add(call(clock))
    clock.jump(START + timedelta(days=3))
    log = UsageLog(UsageFile(tmp_path), clock, lambda: 4, lambda _: None)
    await log._prune()
    assert len(await log.calls(5)) == 1
    log = UsageLog(UsageFile(tmp_path), clock, lambda: 2, lambda _: None)
    await log._prune()
    assert await log.calls(5) == []


async def test_disk_when_it_refuses_then_said_once_and_calls_wait(tmp_path: Path, clock: ManualClock) -> None:
    said: list[str] = []
    file = UsageFile(tmp_path / "unplugged")
    log = UsageLog(file, clock, lambda: 14, said.append)
    for _ in range(2):
        log.add(call(clock))
        await log._write()
    assert len(said) == 1
    assert "go on and are not recorded" in said[0]
    (tmp_path / "unplugged").mkdir()
    file.open(clock.now())
    assert len(await log.calls(5)) == 2


async def test_score_when_nothing_is_known_then_the_middle(tmp_path: Path, clock: ManualClock) -> None:
    log = UsageLog(UsageFile(tmp_path), clock, lambda: 1, lambda _: None)
    assert (log.score("kite").score, log.score("kite").success) == (0.5, None)
    log.add(call(clock, 0.3, left=0))
    told = log.score("kite")
    assert (told.score, told.success, told.median_ms, told.free) == (0.75, 1.0, 300.0, 0)
    await clock.advance(3)  # the window has passed
    assert (log.score("kite").score, log.score("kite").free) == (0.85, None)


async def test_end_when_calls_are_just_being_written_then_it_waits_for_them(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, begun, go_on = UsageFile(tmp_path), threading.Event(), threading.Event()
    add = file.add

    def slow(rows: Sequence[CallRow]) -> None:
        begun.set()
        assert go_on.wait(10)
        add(rows)

    monkeypatch.setattr(file, "add", slow)
    log = UsageLog(file, clock, lambda: 14, lambda _: None)
    ready = asyncio.Event()
    task = asyncio.create_task(log.run(ready.set))
    await ready.wait()
    log.add(call(clock))
    await clock.advance(5)
    assert await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    await asyncio.wait({task})
    assert len(await asyncio.to_thread(file.last, 10)) == 1
