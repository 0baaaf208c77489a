"""The power goes: SIGKILL at random moments under a stream of orders.

After each start: every order acknowledged to the client is there once, none twice, the ledger sums to zero, the tables
equal a rebuild from the journal, the audit chain verifies. A few rounds here; 300 with SAUDA_LONG=1 (`make fault`).
"""

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.process import ROOT, Sauda

ROUNDS = 300 if os.environ.get("SAUDA_LONG") else 5
LIMITS = {"orders_per_second": 100_000, "open_orders": 10_000, "day_loss": 10_000_000}
KEYS = ("NSE:RELIANCE", "NSE:INFY", "NSE:SBIN")


class Stream(threading.Thread):
    """Sends orders one after the other until the server is gone; remembers what was acknowledged."""

    def __init__(self, server: Sauda, name: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.server, self.prefix, self.random = server, name, random.Random(seed)
        self.acknowledged: dict[str, str] = {}
        self.sent: set[str] = set()
        self.refused: list[Any] = []

    def run(self) -> None:
        number = 0
        while True:
            number += 1
            request = f"{self.prefix}-{number}"
            body: dict[str, Any] = {
                "account": "paper-sim",
                "key": self.random.choice(KEYS),
                "side": self.random.choice(("BUY", "SELL")),
                "quantity": self.random.randint(1, 5),
                "type": "MARKET",
                "product": "MIS",
                "request_id": request,
            }
            self.sent.add(request)
            try:
                status, answer = self.server.post("/api/v1/orders", body, timeout=5)
            except (OSError, ValueError):
                return
            if status in (200, 201):
                self.acknowledged[request] = answer["order"]["id"]
            else:
                self.refused.append(answer)


def command(data: Path, *words: str) -> str:
    """Run a `sauda` command on a data folder; fails unless it says all is well."""
    done = subprocess.run(
        [sys.executable, "-m", "server.main", *words, "--data", str(data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def all_orders(server: Sauda) -> list[dict[str, Any]]:
    """Every order of the account, over all pages."""
    found: list[dict[str, Any]] = []
    before = ""
    while True:
        status, page = server.get(f"/api/v1/orders?account=paper-sim&state=all&limit=500{before}")
        assert status == 200, page
        found += page["items"]
        if not page["next"]:
            return found
        before = f"&before={page['next']}"


def open_market(server: Sauda) -> None:
    """Let market time run until shares trade continuously, then at 1x."""
    server.post("/api/v1/markets/sim/control", {"action": "speed", "value": 60})
    end = time.monotonic() + 30
    while server.get("/api/v1/markets")[1]["items"][0]["phase"] != "continuous":
        assert time.monotonic() < end, "the market did not open"
        time.sleep(0.05)
    server.post("/api/v1/markets/sim/control", {"action": "speed", "value": 1})


def test_kill_at_random_moments_loses_and_doubles_nothing(tmp_path: Path) -> None:
    chance = random.Random(20261120)
    data = tmp_path / "data"
    server = Sauda(data, paper__latency_ms=0).start()
    acknowledged: dict[str, str] = {}
    sent: set[str] = set()
    try:
        open_market(server)
        status, answer = server.request("PUT", "/api/v1/risk/limits", {"account": "paper-sim", "limits": LIMITS})
        assert status == 200, answer
        for number in range(ROUNDS):
            streams = [Stream(server, f"r{number}s{n}", chance.getrandbits(32)) for n in range(3)]
            for stream in streams:
                stream.start()
            time.sleep(chance.uniform(0.05, 1.0))  # the moment of the cut is real time by nature
            server.kill()
            for stream in streams:
                stream.join(timeout=30)
                acknowledged |= stream.acknowledged
                sent |= stream.sent
                assert not [p for p in stream.refused if p["status"] >= 500], stream.refused[:3]
            command(data, "audit", "verify")
            command(data, "doctor")
            server.start()
            orders = all_orders(server)
            by_request = [o["request_id"] for o in orders]
            assert len(by_request) == len(set(by_request)), "an order is there twice"
            assert set(by_request) <= sent
            ids = {o["id"]: o for o in orders}
            lost = [r for r, order in acknowledged.items() if order not in ids]
            assert not lost, f"acknowledged and lost: {lost[:5]}"
            assert not [o for o in orders if o["state"] in ("SUBMITTING", "UNKNOWN")], "start-up left doubt"
        assert len(acknowledged) > 10 * ROUNDS, "the stream hardly sent anything"
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()
    command(data, "audit", "verify")
