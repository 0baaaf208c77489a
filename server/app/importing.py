"""The import service: uploads go to disk, wait in line, and are read one after another by a process of their own."""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import structlog

import server
from server.core.bus import Bus
from server.core.clock import Clock
from server.core.errors import Invalid, NotFound, Unavailable
from server.core.ids import Ids
from server.domain.events import ListChanged
from server.domain.recordings import ImportJob
from server.feeds.replay.recordings import Recordings

__all__ = ("ImportService", "hint")

_INCOMING = "incoming"
_MOST_WAITING = 500
_TELL_EVERY = 0.5
_LONGEST_LINE = 8_000_000  # a report names every day of the file
_BROKEN = "The file was not taken: the process that read it ended unexpectedly. Try again, or cut the file."

_log = structlog.get_logger("imports")


class ImportService:
    """Implements `server.api.recordings.Imports`.

    Args:
        on_done: called when an import has ended, whatever came of it.
    """

    def __init__(
        self, data: Path, recordings: Recordings, clock: Clock, bus: Bus, ids: Ids, on_done: Callable[[], None]
    ) -> None:
        self._data = data
        self._folder = data / _INCOMING
        self._recordings = recordings
        self._clock = clock
        self._bus = bus
        self._ids = ids
        self._on_done = on_done
        self._waiting: dict[str, ImportJob] = {}
        """Jobs not finished, in order."""
        self._arrived = asyncio.Event()
        shutil.rmtree(self._folder, ignore_errors=True)  # what a stop left behind was never read

    async def accept(self, name: str, parts: AsyncIterator[bytes]) -> ImportJob:
        """Take a file's bytes to disk and queue it; raises Unavailable when too many wait."""
        if len(self._waiting) >= _MOST_WAITING:
            raise Unavailable(
                f"{_MOST_WAITING} files wait to be read already.",
                code="import.queue",
                remedy="Wait until some are done.",
            )
        job = ImportJob(id=self._ids.next(), file=hint(name), state="waiting", at=self._clock.now())
        target = self._folder / job.id
        try:
            await asyncio.to_thread(self._folder.mkdir, exist_ok=True)
            with target.open("wb") as file:
                async for part in parts:
                    await asyncio.to_thread(file.write, part)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        self._put(job)
        self._arrived.set()
        return job

    async def all(self) -> list[ImportJob]:
        """Those waiting and under way, then those done, newest first."""
        done = await asyncio.to_thread(self._recordings.imports)
        return [*reversed(self._waiting.values()), *(job for job in done if job.id not in self._waiting)]

    async def one(self, job: str) -> ImportJob:
        """One of them; raises NotFound."""
        found = self._waiting.get(job) or await asyncio.to_thread(self._recordings.one_import, job)
        if found is None:
            raise NotFound(f"There is no import {job[:40]!r}.", code="import.unknown", field="id", value=job[:40])
        return found

    async def run(self, ready: Callable[[], None]) -> None:
        """Read what waits, until cancelled (a supervisor part)."""
        ready()
        while True:
            self._arrived.clear()
            while self._waiting:
                await self._take(next(iter(self._waiting.values())))
            await self._arrived.wait()

    async def _take(self, job: ImportJob) -> None:
        file = self._folder / job.id
        self._put(msgspec.structs.replace(job, state="reading"))
        try:
            done = await self._read(self._waiting[job.id], file)
        finally:
            await asyncio.to_thread(file.unlink, missing_ok=True)
        del self._waiting[job.id]
        self._on_done()
        self._tell(done)
        self._bus.publish(ListChanged(at=self._clock.now(), name="replays"))
        _log.info("imported", job=done.id, state=done.state, rows=done.rows, refused=done.refused)

    async def _read(self, job: ImportJob, file: Path) -> ImportJob:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "server.app.import_worker",
            str(self._data),
            str(file),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=_environment(),
            limit=_LONGEST_LINE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        told = self._clock.monotonic()
        done: ImportJob | None = None
        try:
            process.stdin.write(msgspec.json.encode(job))
            process.stdin.close()
            async for line in process.stdout:
                said: dict[str, Any] = msgspec.json.decode(line)
                if "job" in said:
                    done = msgspec.convert(said["job"], ImportJob)
                    continue
                job = msgspec.structs.replace(job, rows=int(said["rows"]))
                self._waiting[job.id] = job
                if self._clock.monotonic() - told >= _TELL_EVERY:
                    told = self._clock.monotonic()
                    self._tell(job)
        except (msgspec.MsgspecError, ConnectionError) as error:
            _log.warning("import_worker_unreadable", error=str(error))
        finally:
            if done is None and process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.wait()
        if done is not None:
            return done
        failed = msgspec.structs.replace(job, state="failed", detail=_BROKEN)
        await asyncio.to_thread(self._recordings.note, failed)
        return failed

    def _put(self, job: ImportJob) -> None:
        self._waiting[job.id] = job
        self._tell(job)

    def _tell(self, job: ImportJob) -> None:
        body = msgspec.to_builtins(msgspec.structs.replace(job, report=()))
        self._bus.publish(ListChanged(at=self._clock.now(), name="imports", id=job.id, body=body))


def hint(name: str) -> str:
    """The file's name with its folder, as far as somebody gave it: folders tell instruments too. Raises Invalid."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    text = "/".join("".join(c for c in part if c.isprintable()) for part in parts[-2:])
    if not text:
        raise Invalid("The file has no name.", code="import.name", field="file", remedy="Send it with its name.")
    return text[-200:]


def _environment() -> dict[str, str]:
    """Our own, so that the worker finds the same program wherever it was started from."""
    package = Path(server.__file__).resolve().parent.parent
    known = os.environ.get("PYTHONPATH", "")
    # one thread: reading is not linear algebra
    path = f"{package}{os.pathsep}{known}" if known else str(package)
    return {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
