"""kill -9 at random moments under a stream of commits: what was acknowledged is there once, and the books agree.

A short run by default; SAUDA_LONG=1 makes it 300 kills, as issue §8 asks.
"""

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from server.audit.verify import verify
from server.storage.files import DATABASE
from tests.unit.storage.samples import ACCOUNT, opened

KILLS = 300 if os.environ.get("SAUDA_LONG") else 4
ROOT = Path(__file__).resolve().parents[2]

STREAM = """
import asyncio, os, sys
from pathlib import Path
from server.core.clock import SystemClock
from server.storage.store import Storage
from tests.unit.storage.samples import filled, intended, opening, order_id

async def main():
    storage = await Storage.open(Path(sys.argv[1]), SystemClock(), version="0")
    first = int(sys.argv[2])
    if storage.journal.last_seq == 0:
        await storage.journal.commit(opening())

    async def client(lane):
        for number in range(first + lane, first + 400_000, 4):
            await storage.journal.commit(intended(number))
            print("intended", order_id(number), flush=True)
            await storage.journal.commit(filled(number))
            print("filled", order_id(number), flush=True)

    await asyncio.gather(*(client(lane) for lane in range(4)))

asyncio.run(main())
"""


async def stream(folder: Path, first: int, lines: int) -> tuple[set[str], set[str]]:
    """Order ids whose intent, and whose fill, were acknowledged before a process writing to the folder was killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STREAM, str(folder), str(first), stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    said: dict[str, set[str]] = {"intended": set(), "filled": set()}
    count = 0
    while line := await process.stdout.readline():
        words = line.decode().split()
        if len(words) == 2 and line.endswith(b"\n"):
            said[words[0]].add(words[1])
        count += 1
        if count == lines:
            process.kill()
    await process.wait()
    return said["intended"], said["filled"]


@pytest.mark.timeout(3600)
async def test_open_when_killed_at_random_then_all_acknowledged_is_there_once_and_books_agree(tmp_path: Path) -> None:
    random.seed(20261120)
    intents: set[str] = set()
    fills: set[str] = set()
    for kill in range(KILLS):
        more = await stream(tmp_path, 1_000_000 * (kill + 1), random.randint(1, 400))
        intents |= more[0]
        fills |= more[1]
        async with opened(tmp_path) as storage:
            assert storage.report.notices == ()
            verdict = verify(storage.links(), storage.anchor())
            assert verdict.ok, verdict.problem
            assert await storage.differences() == []
            assert await storage.postings.unbalanced() == 0
            assert {account for account, _ in await storage.fills.load_executions()} <= {ACCOUNT}
        connection = sqlite3.connect(tmp_path / DATABASE)
        there = {row[0] for row in connection.execute("SELECT id FROM orders")}
        done = [row[0] for row in connection.execute("SELECT order_id FROM fills")]
        connection.close()
        assert intents <= there
        assert fills <= set(done)
        assert len(done) == len(set(done))
    assert len(intents) > KILLS
