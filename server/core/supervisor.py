"""Supervisor: starts the parts of Sauda in dependency order, watches, restarts and stops them.

A part is a name, what it needs, and a coroutine that sets itself up, calls `ready()`, and runs
until it is cancelled. A part that fails is started again after 0.5 s, 1 s, ... up to 30 s; one that
stays up for a minute is forgiven its past failures. Stopping goes in reverse order, within 5 s in all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec
import structlog

from server.core.clock import Clock
from server.core.errors import Fault

__all__ = ("Part", "PartState", "Supervisor")

_log = structlog.get_logger("supervisor")
_FORGIVE_AFTER = 60.0


class Part(msgspec.Struct, frozen=True):
    """Something that runs for as long as Sauda does."""

    name: str
    run: Callable[[Callable[[], None]], Awaitable[None]]
    """Called with `ready`, which it must call once it can serve others."""
    needs: tuple[str, ...] = ()
    essential: bool = True
    """Whether /ready must say no while it is down."""


class PartState(msgspec.Struct):
    """How a part is doing, for the System page and /health."""

    name: str
    state: str = "waiting"
    """waiting, starting, running, failed, stopped"""
    since: datetime | None = None
    restarts: int = 0
    error: str = ""
    essential: bool = True


class Supervisor:
    """Runs parts; see the module's text."""

    def __init__(self, clock: Clock, *, stop_within: float = 5.0) -> None:
        self._clock = clock
        self._stop_within = stop_within
        self._parts: dict[str, Part] = {}
        self._states: dict[str, PartState] = {}
        self._ready: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.on_change: Callable[[PartState], None] = lambda _: None

    def add(self, part: Part) -> None:
        """Register a part; its needs must have been added before it, so that cycles cannot arise."""
        missing = [n for n in part.needs if n not in self._parts]
        if missing or part.name in self._parts:
            raise Fault(f"part {part.name}: needs {missing} first, or is already there")
        self._parts[part.name] = part
        self._states[part.name] = PartState(part.name, essential=part.essential)
        self._ready[part.name] = asyncio.Event()

    def states(self) -> list[PartState]:
        """All parts in start order."""
        return list(self._states.values())

    @property
    def ready(self) -> bool:
        """Whether every essential part is running."""
        return all(s.state == "running" for s in self._states.values() if s.essential)

    async def start(self) -> None:
        """Start everything; returns when all essential parts are ready or have failed once."""
        for part in self._parts.values():
            self._tasks[part.name] = asyncio.create_task(self._keep(part), name=f"part:{part.name}")
        for part in self._parts.values():
            if part.essential:
                await self._ready[part.name].wait()

    async def launch(self, part: Part) -> None:
        """Add a part while running; returns when it is ready or has failed once."""
        self.add(part)
        self._tasks[part.name] = asyncio.create_task(self._keep(part), name=f"part:{part.name}")
        await self._ready[part.name].wait()

    async def retire(self, name: str) -> None:
        """End a part and forget it; raises Fault while another part needs it. Nothing happens if it is not there."""
        users = [p.name for p in self._parts.values() if name in p.needs]
        if users:
            raise Fault(f"part {name} cannot be retired: {users} need it")
        if name not in self._parts:
            return
        if (task := self._tasks.pop(name, None)) is not None:
            await self._end(name, task, self._stop_within)
        self._mark(name, "stopped")
        del self._parts[name], self._states[name], self._ready[name]

    async def stop(self) -> None:
        """Cancel in reverse start order; a part that does not end in time is left behind and named."""
        deadline = self._clock.monotonic() + self._stop_within
        for name in reversed(list(self._tasks)):
            await self._end(name, self._tasks[name], max(0.05, deadline - self._clock.monotonic()))
            self._mark(name, "stopped")

    async def _end(self, name: str, task: asyncio.Task[None], within: float) -> None:
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=within)
        if not done:
            _log.error("part_would_not_stop", part=name)

    async def _keep(self, part: Part) -> None:
        failures = 0
        for need in part.needs:
            await self._ready[need].wait()
        while True:
            began = self._clock.monotonic()
            self._mark(part.name, "starting")
            try:
                await part.run(lambda: self._became_ready(part.name))
                raise Fault(f"part {part.name} ended by itself")
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it was, the part is started again
                if self._clock.monotonic() - began > _FORGIVE_AFTER:
                    failures = 0
                failures += 1
                self._states[part.name].restarts += 1
                self._mark(part.name, "failed", f"{type(error).__name__}: {error}")
                _log.exception("part_failed", part=part.name, failures=failures)
                self._ready[part.name].set()  # let start() return; `ready` still says no
                await self._clock.sleep(min(30.0, 0.5 * 2 ** min(failures - 1, 6)))

    def _became_ready(self, name: str) -> None:
        self._mark(name, "running")
        self._ready[name].set()

    def _mark(self, name: str, state: str, error: str = "") -> None:
        entry = self._states[name]
        entry.state, entry.error, entry.since = state, error, self._clock.now()
        self.on_change(entry)
