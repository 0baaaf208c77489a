"""A disk that is full or refuses, under a running server: trading halts in words, reading goes on, trading resumes.

Nothing is half-written, ids and journal go on where they were. The faults are real ones: the kernel refuses the
process's writes (a file-size limit set on it from outside; a small tmpfs filled to the brim, where we are root).
"""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fault.books import look
from tests.fault.traffic import ACCOUNT, LIMITS
from tests.process import ROOT, Sauda, eventually, open_market

QUOTE = "/api/v1/quotes?market=sim&keys=NSE:INFY"
READS = (
    "/health",
    "/api/v1/session",
    "/api/v1/orders",
    "/api/v1/trades",
    "/api/v1/positions",
    "/api/v1/funds",
    "/api/v1/statement",
    QUOTE,
    "/api/v1/bars?market=sim&key=NSE:INFY&interval=1m",
    "/api/v1/risk",
    "/api/v1/audit",
    "/api/v1/overview",
    "/api/v1/system",
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="not run: limits of a running process are Linux's")


def buy(server: Sauda, request: str) -> tuple[int, Any]:
    """Buy one share at the market."""
    body = {"account": ACCOUNT, "key": "NSE:INFY", "side": "BUY", "quantity": 1, "type": "MARKET", "product": "MIS"}
    return server.post("/api/v1/orders", {**body, "request_id": request})


def notices(server: Sauda) -> list[str]:
    """What the server has said to the user, newest first."""
    return [e["text"] for e in server.get("/api/v1/system")[1]["events"] if e["topic"] == "notice"]


def halted_but_readable(server: Sauda, cause: str) -> None:
    """Orders are refused in words, the server says it is not ready, everything can be read."""
    for number in range(3):
        status, problem = buy(server, f"while-halted-{number}")
        assert status == 503
        assert problem["code"] == "journal.broken"
        assert problem["detail"].startswith("Trading is halted: the journal cannot be written")
        assert cause in problem["detail"]
        assert "resumes" in problem["remedy"]
    assert server.get("/ready")[0] == 503
    assert server.get("/health")[1]["journal"] == "failed"
    assert [(p, server.get(p)) for p in READS if server.get(p)[0] != 200] == []
    assert server.get(f"/api/v1/risk?account={ACCOUNT}")[1]["state"] == "HALTED"
    assert any(text.startswith("Trading is halted") for text in notices(server))
    status, answer = server.post("/api/v1/kill-switch", {"engage": True, "reason": "the disk"})
    assert (status, answer["engaged"]) == (200, True), "the kill switch works on a broken disk too"


def resumed(server: Sauda, before: dict[str, Any], work: Path) -> None:
    """Trading is back by itself; what was there is there once, what was refused is not, and the books agree."""
    eventually(lambda: server.get("/ready")[0] == 200)
    eventually(lambda: any("Trading resumes" in text for text in notices(server)))
    status, problem = buy(server, "behind-the-switch")
    assert (status, problem["code"]) == (422, "risk.kill_switch"), "a halt must not release the kill switch"
    assert server.post("/api/v1/kill-switch", {"engage": False, "reason": "mended"})[0] == 200
    status, answer = buy(server, "after")
    assert status == 201
    assert answer["order"]["id"] > before["id"], "ids go on"
    assert buy(server, "before")[0] == 200, "the order of before is known again"
    # what only fills in the past may be started again; what trades must not fall over
    assert not [p for p in server.get("/health")[1]["parts"] if p["essential"] and p["restarts"]]
    assert server.stop() == 0
    left = asyncio.run(look(server.data, work))
    assert {o["request_id"] for o in left.orders.values()} == {"before", "after"}
    assert len(left.fills) == 2


def test_disk_when_it_refuses_to_grow_a_file_then_halts_reads_and_resumes(tmp_path: Path) -> None:
    server = Sauda(tmp_path / "data", paper__latency_ms=0).start()
    try:
        open_market(server)
        eventually(lambda: server.get(QUOTE)[1]["items"][0].get("ltp"))
        status, answer = buy(server, "before")
        assert status == 201
        assert server.process is not None
        process = psutil.Process(server.process.pid)
        process.rlimit(psutil.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
        halted_but_readable(server, "the disk")
        process.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        resumed(server, answer["order"], tmp_path / "copy")
    finally:
        server.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 64 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("not run: a small disk needs the right to mount one")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Take all the room there is; returns the file that has it."""
    hog = disk / "hog"
    with hog.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return hog


def test_disk_when_full_then_halts_reads_and_resumes_when_there_is_room(small_disk: Path, tmp_path: Path) -> None:
    server = Sauda(small_disk / "data", paper__latency_ms=0, market__history_days=0).start()
    try:
        open_market(server)
        eventually(lambda: server.get(QUOTE)[1]["items"][0].get("ltp"))
        assert server.request("PUT", "/api/v1/risk/limits", {"account": ACCOUNT, "limits": LIMITS})[0] == 200
        status, answer = buy(server, "before")
        assert status == 201, answer
        hog = fill(small_disk)
        for number in range(200):  # room that the log had already taken is used up first
            if buy(server, f"filling-{number}")[0] == 503:
                break
        halted_but_readable(server, "the disk is full")
        taken = {o["request_id"] for o in server.get("/api/v1/orders?limit=500")[1]["items"]}
        assert taken == {"before", *(f"filling-{n}" for n in range(number))}, "what was refused is not there"
        hog.unlink()
        eventually(lambda: server.get("/ready")[0] == 200)
        assert server.post("/api/v1/kill-switch", {"engage": False, "reason": "mended"})[0] == 200
        status, after = buy(server, "after")
        assert status == 201, after
        assert after["order"]["id"] > answer["order"]["id"]
        assert server.stop() == 0
        left = asyncio.run(look(server.data, tmp_path / "copy"))
        assert {o["request_id"] for o in left.orders.values()} == {*taken, "after"}
    finally:
        server.stop()


def test_start_when_the_disk_is_read_only_or_full_then_says_so_and_starts_once_mended(small_disk: Path) -> None:
    server = Sauda(small_disk / "data", market__history_days=0).start()
    assert server.stop() == 0
    orders = server.data / "sauda.db"
    size = orders.stat().st_size
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    line = [sys.executable, "-m", "server.main", "run", "--data", str(server.data), "--port", str(server.port)]
    said = subprocess.run([*line, "--no-open"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert said.returncode == 1
    assert "Traceback" not in said.stderr
    assert said.stderr.startswith("sauda: "), said.stderr
    assert orders.stat().st_size == size
    hog = fill(small_disk)
    said = subprocess.run([*line, "--no-open"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert said.returncode == 1
    assert "Traceback" not in said.stderr
    hog.unlink()
    server.start()
    assert server.stop() == 0
