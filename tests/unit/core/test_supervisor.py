"""The supervisor: order of start, restart with backoff, stop within its time."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from server.core.clock import ManualClock, SystemClock
from server.core.errors import Fault
from server.core.supervisor import Part, Supervisor

START = datetime(2026, 11, 20, 3, 45, tzinfo=UTC)


def part(name: str, log: list[str], needs: tuple[str, ...] = ()) -> Part:
    async def run(ready: Callable[[], None]) -> None:
        log.append(f"+{name}")
        ready()
        try:
            await asyncio.Event().wait()
        finally:
            log.append(f"-{name}")

    return Part(name, run, needs)


async def test_start_in_order_and_stop_in_reverse() -> None:
    log: list[str] = []
    supervisor = Supervisor(SystemClock())
    supervisor.add(part("storage", log))
    supervisor.add(part("market", log, ("storage",)))
    supervisor.add(part("orders", log, ("storage", "market")))
    await supervisor.start()
    assert supervisor.ready
    await supervisor.stop()
    assert log == ["+storage", "+market", "+orders", "-orders", "-market", "-storage"]


def test_missing_need_is_refused() -> None:
    with pytest.raises(Fault):
        Supervisor(SystemClock()).add(part("orders", [], ("storage",)))


async def test_failed_part_restarts_with_backoff() -> None:
    clock = ManualClock(START)
    began: list[float] = []

    async def run(ready: Callable[[], None]) -> None:
        began.append(clock.monotonic())
        if len(began) < 4:
            raise OSError("no such device")
        ready()
        await asyncio.Event().wait()

    supervisor = Supervisor(clock)
    supervisor.add(Part("device", run))
    await supervisor.start()
    assert supervisor.states()[0].state == "failed"
    assert "no such device" in supervisor.states()[0].error
    await clock.advance(10)
    assert began == [0.0, 0.5, 1.5, 3.5]
    assert supervisor.ready
    assert supervisor.states()[0].restarts == 3
    await supervisor.stop()


async def test_stop_leaves_behind_what_will_not_end() -> None:
    async def stubborn(ready: Callable[[], None]) -> None:
        ready()
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if done.is_set():
                    raise

    done = asyncio.Event()
    supervisor = Supervisor(SystemClock(), stop_within=0.1)
    supervisor.add(Part("stubborn", stubborn))
    await supervisor.start()
    await asyncio.wait_for(supervisor.stop(), 2)
    assert supervisor.states()[0].state == "stopped"
    done.set()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


async def test_launch_when_running_then_part_runs_and_retire_ends_and_forgets_it() -> None:
    log: list[str] = []
    supervisor = Supervisor(SystemClock())
    supervisor.add(part("storage", log))
    await supervisor.start()
    await supervisor.launch(part("replay", log, ("storage",)))
    assert [s.state for s in supervisor.states()] == ["running", "running"]
    await supervisor.retire("replay")
    assert [s.name for s in supervisor.states()] == ["storage"]
    await supervisor.launch(part("replay", log, ("storage",)))
    await supervisor.stop()
    assert log == ["+storage", "+replay", "-replay", "+replay", "-replay", "-storage"]


async def test_retire_when_another_part_needs_it_then_fault_and_it_stays() -> None:
    log: list[str] = []
    supervisor = Supervisor(SystemClock())
    await supervisor.launch(part("market", log))
    await supervisor.launch(part("orders", log, ("market",)))
    with pytest.raises(Fault):
        await supervisor.retire("market")
    assert supervisor.ready
    await supervisor.retire("nothing")
    await supervisor.stop()


async def test_launch_when_part_fails_then_returns_and_says_so() -> None:
    async def broken(ready: Callable[[], None]) -> None:
        raise OSError("no such day")

    clock = ManualClock(START)
    supervisor = Supervisor(clock)
    await supervisor.launch(Part("replay", broken))
    assert supervisor.states()[0].state == "failed"
    await supervisor.retire("replay")
    assert supervisor.states() == []
