"""The books of a dead server's data folder, read from a copy and checked against each other.

The copy is what the power left: database, write-ahead log and anchor. The folder itself stays untouched, so that the
server's own start has to cope with it.
"""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from server.audit.verify import verify
from server.core.clock import SystemClock
from server.domain.orders import LIVE_STATES
from server.storage.files import ANCHOR, DATABASE, family
from server.storage.store import Storage

__all__ = ("Left", "look")


class Left:
    """What was found: orders by id, triggers and baskets by id, all as rows."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        self.orders = _rows(connection, "SELECT * FROM orders")
        self.triggers = _rows(connection, "SELECT id, state FROM triggers")
        self.baskets = _rows(connection, "SELECT id, state FROM baskets")
        self.fills = [dict(row) for row in connection.execute("SELECT * FROM fills")]
        self.positions = {
            (r["account"], r["key"], r["product"]): r["quantity"]
            for r in connection.execute("SELECT account, key, product, quantity FROM positions")
        }
        held = connection.execute("SELECT reference, minor FROM holds WHERE minor <> 0")
        self.holds = {r["reference"]: r["minor"] for r in held}
        self.margin = _one(connection, "SELECT coalesce(sum(minor), 0) FROM balances WHERE book = 'margin'")
        self.balances = _one(connection, "SELECT coalesce(sum(minor), 0) FROM balances")
        newest = _one(
            connection,
            "SELECT max(m) FROM (SELECT max(created_market) m FROM orders UNION SELECT max(at_market) FROM postings)",
        )
        self.market_time = datetime.fromtimestamp(newest / 1e6, UTC) if newest else None
        self.last_seq: int = _one(connection, "SELECT coalesce(max(seq), 0) FROM journal")


async def look(data: Path, work: Path) -> Left:
    """Check the books of a data folder against each other; returns what is in them. `work` is emptied and used."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for member in (*family(data / DATABASE), data / ANCHOR):
        if member.exists() and not member.name.endswith("-shm"):
            shutil.copyfile(member, work / member.name)
    storage = await Storage.open(work, SystemClock(), version="test")
    try:
        assert storage.report.notices == ()
        verdict = verify(storage.links(), storage.anchor())
        assert verdict.ok, verdict.problem
        assert await storage.differences() == []
        assert await storage.postings.unbalanced() == 0
    finally:
        await storage.close()
    connection = sqlite3.connect(work / DATABASE)
    try:
        left = Left(connection)
    finally:
        connection.close()
    _fills_once(left)
    _money_held(left)
    return left


def _fills_once(left: Left) -> None:
    """Orders and positions are the sum of their fills, each of which is there once."""
    executions = [(f["account"], f["execution"]) for f in left.fills]
    assert len(executions) == len(set(executions)), "a fill is there twice"
    filled: Counter[str] = Counter()
    held: Counter[tuple[str, str, str]] = Counter()
    for fill in left.fills:
        sign = 1 if fill["side"] == "BUY" else -1
        filled[fill["order_id"]] += fill["quantity"]
        held[fill["account"], fill["key"], left.orders[fill["order_id"]]["product"]] += sign * fill["quantity"]
    for order in left.orders.values():
        assert order["filled"] == filled[order["id"]], f"{order['id']} does not agree with its fills"
        assert (order["state"] == "FILLED") == (order["filled"] == order["quantity"]), dict(order)
    assert {k: q for k, q in left.positions.items() if q} == {k: q for k, q in held.items() if q}


def _money_held(left: Left) -> None:
    """Holds add up to the margin book, and belong to orders that live or to what is held."""
    assert left.balances == 0, "the books do not sum to zero"
    assert sum(left.holds.values()) == left.margin
    for reference in left.holds:
        order = left.orders.get(reference)
        if order is not None:
            assert order["state"] in LIVE_STATES, f"money is still held for {reference}, which is {order['state']}"
    live = any(o["state"] in LIVE_STATES for o in left.orders.values())
    if not live and not any(left.positions.values()):
        assert left.margin == 0, "money is held for nothing"


def _rows(connection: sqlite3.Connection, query: str) -> dict[str, Mapping[str, Any]]:
    return {row["id"]: dict(row) for row in connection.execute(query)}


def _one(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0] or 0)
