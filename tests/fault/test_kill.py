"""The power goes: SIGKILL at random moments under a stream of orders, now and then during the start itself.

After each cut: every order acknowledged to the client is there once, none twice; so are changes, cancels, triggers
and baskets; orders and positions are the sum of their fills; the ledger sums to zero and holds no money for nothing;
the tables equal a rebuild from the journal; the audit chain verifies; market time does not go back. A few rounds here;
300 with SAUDA_LONG=1 (`make fault`).
"""

import asyncio
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from server.domain.orders import LIVE_STATES
from tests.fault.books import Left, look
from tests.fault.traffic import ACCOUNT, LIMITS, Trader, option_around_the_money
from tests.process import ROOT, Sauda, eventually, open_market

ROUNDS = 300 if os.environ.get("SAUDA_LONG") else 5
CAMPAIGN = 25
"""Cuts that one data folder goes through: the checks after each look at all that it holds."""
TRADERS = 3


class Promised:
    """All that was ever acknowledged, over all rounds."""

    def __init__(self) -> None:
        self.orders: dict[str, str] = {}
        self.sent: set[str] = set()
        self.cancelled: set[str] = set()
        self.triggers: dict[str, str] = {}
        self.baskets: dict[str, int] = {}

    def take(self, trader: Trader) -> None:
        """What one trader was told until the cut."""
        assert not [p for p in trader.refused if p["status"] >= 500], trader.refused[:3]
        self.orders |= trader.acknowledged
        self.sent |= trader.sent
        self.cancelled |= trader.cancelled
        self.triggers |= trader.triggers
        self.baskets |= trader.baskets

    def kept(self, left: Left, changed: dict[str, str]) -> None:
        """Fails when the disk knows less than was acknowledged, or more than was asked."""
        own = [o["request_id"] for o in left.orders.values() if o["origin"] == "user"]
        assert len(own) == len(set(own)), "an order is there twice"
        assert set(own) <= self.sent
        lost = [request for request, order in self.orders.items() if order not in left.orders]
        assert not lost, f"acknowledged and lost: {lost[:5]}"
        for order_id, price in changed.items():
            assert Decimal(str(left.orders[order_id]["price"])) == Decimal(price), "an acknowledged change is lost"
        undone = [i for i in self.cancelled if left.orders[i]["state"] != "CANCELLED"]
        assert not undone, f"cancelled and back again: {undone}"
        for trigger, was in self.triggers.items():
            assert (left.triggers[trigger]["state"] == "CANCELLED") == (was == "deleted"), dict(left.triggers[trigger])
        children = [o["parent"] for o in left.orders.values() if o["origin"] == "trigger"]
        assert len(children) == len(set(children)), "a trigger fired twice"
        for basket, legs in self.baskets.items():
            assert basket in left.baskets
            sent = [o for o in left.orders.values() if o["parent"] == basket and o["origin"] == "basket"]
            requests = {o["request_id"] for o in sent}
            assert len(requests) == len(sent) <= 2 * legs, "a leg was sent twice"


def command(data: Path, *words: str) -> str:
    """Run a `sauda` command on a data folder; fails unless it says all is well."""
    line = [sys.executable, "-m", "server.main", *words, "--data", str(data)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def market_time(server: Sauda) -> datetime:
    """Where the simulated market stands."""
    return datetime.fromisoformat(server.get("/api/v1/markets")[1]["items"][0]["market_time"])


def cut_while_starting(server: Sauda, after: float) -> None:
    """Start, and cut the power `after` seconds, ready or not."""

    def cut() -> None:
        while server.process is None:
            time.sleep(0.01)  # another thread's start
        time.sleep(after)  # the moment of the cut is real time by nature
        server.kill()

    server.process = None
    killer = threading.Thread(target=cut)
    killer.start()
    try:
        server.start()
    except RuntimeError as error:
        assert "did not start" in str(error)
    finally:
        killer.join()


def trade_until_cut(server: Sauda, traders: list[Trader], seconds: float) -> None:
    """Let the traders trade for a while, then cut the power."""
    for trader in traders:
        trader.start()
    time.sleep(seconds)  # the moment of the cut is real time by nature
    server.kill()
    for trader in traders:
        trader.join(timeout=30)


def close_everything(server: Sauda) -> None:
    """Cancel all orders and triggers, close all positions; fails when the market does not take it."""
    for order in pages(server, "/api/v1/orders?state=open"):
        server.request("DELETE", f"/api/v1/orders/{order['id']}")
    for trigger in pages(server, "/api/v1/triggers?"):
        if trigger["state"] == "ACTIVE":
            server.request("DELETE", f"/api/v1/triggers/{trigger['id']}")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        items = server.get(f"/api/v1/positions?account={ACCOUNT}")[1]["items"]
        held = [p for p in items if p["quantity"]]
        if not held and not pages(server, "/api/v1/orders?state=open"):
            return
        for position in held:
            body = {"account": ACCOUNT, "key": position["key"], "product": position["product"]}
            status, answer = server.post("/api/v1/positions/exit", body)
            assert status in (200, 201, 422), answer
        time.sleep(0.2)  # the market's own time
    raise AssertionError(f"could not close: {held}")


def pages(server: Sauda, path: str) -> list[dict[str, Any]]:
    """All items of a list."""
    found: list[dict[str, Any]] = []
    before = ""
    while True:
        status, page = server.get(f"{path}&account={ACCOUNT}&limit=500{before}")
        assert status == 200, page
        found += page["items"]
        if not page["next"]:
            return found
        before = f"&before={page['next']}"


def campaign(folder: Path, rounds: int, chance: random.Random) -> int:
    """Cut the power of one installation some times, then close everything; returns orders acknowledged."""
    data, work = folder / "data", folder / "copy"
    server = Sauda(data, paper__latency_ms=0, paper__capital=1_000_000_000)
    promised = Promised()
    try:
        cut_while_starting(server, chance.uniform(0.5, 4.0))  # the very first start, on an empty folder
        server.start()
        open_market(server)
        status, answer = server.request("PUT", "/api/v1/risk/limits", {"account": ACCOUNT, "limits": LIMITS})
        assert status == 200, answer
        option = option_around_the_money(server)
        for number in range(rounds):
            traders = [Trader(server, f"r{number}t{n}", chance.getrandbits(32), option) for n in range(TRADERS)]
            trade_until_cut(server, traders, chance.uniform(0.2, 2.5))
            changed: dict[str, str] = {}
            for trader in traders:
                promised.take(trader)
                changed |= trader.changed
            left = asyncio.run(look(data, work))
            promised.kept(left, changed)
            if number % 3 == 2:
                cut_while_starting(server, chance.uniform(0.2, 2.5))
            server.start()
            survived(server, left)
            print(f"cut {number + 1}: {len(promised.orders)} orders, {left.last_seq} entries", flush=True)
        close_everything(server)
        assert server.stop() == 0
        left = asyncio.run(look(data, work))
        assert left.margin == 0, "money is held for nothing"
        assert len(promised.triggers) > 0
        assert len(promised.baskets) > 0
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()
    command(data, "audit", "verify")
    command(data, "doctor")
    shutil.rmtree(folder)
    return len(promised.orders)


def doubtful(server: Sauda) -> list[dict[str, Any]]:
    """Orders of which it is not known whether they arrived."""
    return [o for o in pages(server, "/api/v1/orders?state=open") if o["state"] in ("SUBMITTING", "UNKNOWN")]


def survived(server: Sauda, left: Left) -> None:
    """After a start: no time lost, no doubt left, what worked works on."""
    assert left.market_time is None or market_time(server) >= left.market_time, "market time went back"
    eventually(lambda: not doubtful(server))
    now = {o["id"]: o["state"] for o in pages(server, "/api/v1/orders?state=all")}
    working = [i for i, o in left.orders.items() if o["state"] in ("OPEN", "PARTIAL")]
    gone = {i: now[i] for i in working if now[i] not in (*LIVE_STATES, "FILLED")}
    assert not gone, f"working orders did not survive: {gone}"


@pytest.mark.timeout(7200)
def test_kill_at_random_moments_loses_and_doubles_nothing(tmp_path: Path) -> None:
    chance = random.Random(20261120)
    done = orders = 0
    while done < ROUNDS:
        rounds = min(CAMPAIGN, ROUNDS - done)
        orders += campaign(tmp_path / f"from-{done}", rounds, chance)
        done += rounds
        print(f"{done} of {ROUNDS} cuts survived", flush=True)
    assert orders > 10 * ROUNDS, "the stream hardly sent anything"
