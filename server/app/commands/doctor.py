"""`sauda doctor`: looks at everything a start depends on and says, for each fault, how to mend it."""

import asyncio
import importlib.metadata
import shutil
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil

from server import __version__
from server.app.commands.asking import ask
from server.app.running import running_url
from server.app.settings import Settings, load_settings
from server.core.clock import SystemClock
from server.core.errors import Conflict, SaudaError
from server.core.paths import bundled
from server.rulebook import Rulebook
from server.storage.store import Storage

__all__ = ("Finding", "doctor")

_LEAST_DISK = 500_000_000


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at."""

    what: str
    well: bool
    text: str
    remedy: str = ""


async def doctor(data: Path, environment: dict[str, str], flags: dict[str, str], *, rebuild: bool) -> int:
    """Print all findings; 0 when nothing needs mending."""
    ill = 0
    async for finding in _look(data, environment, flags, rebuild):
        print(f"{'ok  ' if finding.well else 'MEND'}  {finding.what:<12} {finding.text}")
        if not finding.well:
            ill += 1
            print(f"                   {finding.remedy}")
    return 1 if ill else 0


async def _look(
    data: Path, environment: dict[str, str], flags: dict[str, str], rebuild: bool
) -> AsyncIterator[Finding]:
    yield Finding("version", True, f"Sauda {__version__}, data in {data}")
    settings = Settings()
    try:
        settings = load_settings(data, environment, flags)
        yield Finding("settings", True, "read and within range")
    except SaudaError as error:
        yield Finding("settings", False, error.detail, error.remedy)
    yield _disk(data)
    yield _clock()
    yield _rules(settings)
    try:
        url = running_url(data)
    except Conflict as error:
        yield Finding("database", False, error.detail, error.remedy)
        return
    yield _port(settings, url)
    yield _devices()
    if url is not None:
        yield Finding("database", True, f"in use by the server at {url}; stop it for the thorough look")
        for source in await asyncio.to_thread(_sources, url):
            yield source
        return
    async for finding in _database(data, rebuild):
        yield finding


def _disk(data: Path) -> Finding:
    place = next(p for p in (data, *data.parents) if p.exists())
    if not place.is_dir():
        return Finding("disk", False, f"{place} is a file, not a folder", "Name a folder with --data.")
    free = shutil.disk_usage(place).free
    text = f"{free / 1e9:.1f} GB free"
    if free < _LEAST_DISK:
        return Finding("disk", False, text, "Free at least 0.5 GB, or move the data folder with --data.")
    probe = place / f".sauda-probe-{psutil.Process().pid}"
    try:
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        return Finding("disk", False, f"{place} cannot be written: {error}", "Make the folder yours, or use --data.")
    return Finding("disk", True, text)


def _clock() -> Finding:
    now = SystemClock().now()
    built = datetime(2026, 11, 1, tzinfo=UTC)
    if now < built:
        return Finding("clock", False, f"the clock says {now:%Y-%m-%d}", "Set the machine's date and time.")
    return Finding("clock", True, f"{now:%Y-%m-%d %H:%M} UTC")


def _rules(settings: Settings) -> Finding:
    try:
        book = Rulebook.load(bundled("config") / "rules", without=frozenset(settings.rules.without))
        day = SystemClock().now().date()
        book.next_trading_day(day)
    except SaudaError as error:
        return Finding(
            "rules", False, error.detail, error.remedy or "Update Sauda, or set market.start to a known date."
        )
    return Finding("rules", True, f"market rules know {day:%Y-%m-%d}")


def _sources(url: str) -> list[Finding]:
    """What the running server says of its markets and of the parts that bring prices and orders."""
    try:
        markets = ask(f"{url}/api/v1/markets")["items"]
        parts = ask(f"{url}/health")["parts"]
    except SaudaError as error:
        return [Finding("market data", False, error.detail, error.remedy)]
    found = [
        Finding(
            "market data",
            one["state"] != "failed",
            f"{one['label']}: {one['state']}, {one['source']}",
            "Start the market again on its page, or restart Sauda.",
        )
        for one in markets
    ]
    broken = [one for one in parts if one["error"]]
    found += [
        Finding(one["name"], False, f"{one['state']}: {one['error']}", "The System page tells more; it is tried again.")
        for one in broken
    ]
    return found


def _port(settings: Settings, url: str | None) -> Finding:
    port = settings.server.port
    if url is not None and url.endswith(f":{port}"):
        return Finding("port", True, f"{port} is Sauda's own")
    with socket.socket() as probe:
        if probe.connect_ex((settings.server.host, port)) == 0:
            return Finding("port", False, f"{port} is taken by another program", "Use --port, or stop that program.")
    return Finding("port", True, f"{port} is free")


def _devices() -> Finding:
    memory = psutil.virtual_memory()
    text = f"{psutil.cpu_count()} CPU, {memory.total / 1e9:.0f} GB of memory"
    try:
        importlib.metadata.version("openvino")
    except importlib.metadata.PackageNotFoundError:
        return Finding("devices", True, f"{text}; no OpenVINO, so no NPU or GPU is used")
    return Finding("devices", True, text)


async def _database(data: Path, rebuild: bool) -> AsyncIterator[Finding]:
    if not data.is_dir():
        yield Finding("database", True, "none yet; the first start makes it")
        return
    storage = await Storage.open(data, SystemClock(), version=__version__)
    try:
        for notice in storage.report.notices:
            yield Finding("database", False, notice, "Read it; nothing else is to be done.")
        problem = await storage.check()
        yield Finding("database", not problem, problem or "whole", "Restore a backup: sauda restore FILE")
        if rebuild:
            yield Finding("rebuild", True, f"{await storage.rebuild():,} journal entries replayed into the tables")
        found = await storage.differences()
        text = "; ".join(found[:3]) or "tables equal the journal"
        yield Finding("tables", not found, text, "Write them anew: sauda doctor --rebuild")
        total = await storage.postings.unbalanced()
        yield Finding("ledger", total == 0, f"sums to {total} paise", "Write the tables anew: sauda doctor --rebuild")
        notice = await storage.ticks.opened()
        yield Finding("market data", not notice, notice or _kept(storage), "Import the files again: sauda import PATH")
    finally:
        await storage.close()


def _kept(storage: Storage) -> str:
    facts = storage.facts()
    return f"simulator built in; {facts.bars_rows:,} bars and {facts.ticks_rows:,} ticks kept"
