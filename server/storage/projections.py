"""From a journal entry to the rows it makes: the only code that writes tables other than the journal.

`project` is pure and knows no database; `Projector` writes what it collected. Both the writer and a rebuild use them,
so that tables and journal cannot tell different stories.
"""

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Dialect

from server.domain.accounts import Account
from server.domain.books import Charges, Mark, Position, Posting
from server.domain.journal import (
    AccountOpened,
    BasketChanged,
    FillApplied,
    FundsMoved,
    MarketMoved,
    Noted,
    OrderChanged,
    ParentChanged,
    Payload,
    PositionMarked,
    RiskChanged,
    SettingChanged,
    StrategyChanged,
    TriggerChanged,
)
from server.domain.orders import Order
from server.storage import tables
from server.storage.statements import Cursor, Statement, insert, upsert

__all__ = ("Changes", "Projector", "project")

_ORDER = attrgetter(*Order.__struct_fields__)
_ACCOUNT = attrgetter(*Account.__struct_fields__)
_POSITION = attrgetter(*Position.__struct_fields__)
_MARK = attrgetter(*Mark.__struct_fields__)
_POSTING = attrgetter(*Posting.__struct_fields__)
_FILL = attrgetter("side", "quantity", "price", "at", "at_market", "liquidity", "unit")
_CHARGES = attrgetter(*Charges.__struct_fields__)
_PLACES = 1 << 16


class Changes:
    """Rows to be written, by table, in the order the entries came."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = {}
        self.latest: dict[str, dict[Any, tuple[Any, ...]]] = {}
        """Of a row that is written over, only what it is in the end: by table, then by the row's own key."""
        self.balances: dict[tuple[str, str], int] = {}
        self.holds: dict[tuple[str, str], int] = {}

    def add(self, table: str, row: tuple[Any, ...]) -> None:
        """Queue one row."""
        self.rows.setdefault(table, []).append(row)

    def put(self, table: str, key: Any, row: tuple[Any, ...]) -> None:
        """Queue one row that takes the place of the one with the same key."""
        self.latest.setdefault(table, {})[key] = row

    def post(self, seq: int, postings: Iterable[Posting]) -> None:
        """Queue postings and what they do to balances and to the margin each reference holds."""
        for place, posting in enumerate(postings):
            self.add("postings", (seq * _PLACES + place, *_POSTING(posting)))
            book = (posting.account, posting.book)
            self.balances[book] = self.balances.get(book, 0) + posting.minor
            if posting.book == "margin":
                held = (posting.account, posting.reference)
                self.holds[held] = self.holds.get(held, 0) + posting.minor


def project(changes: Changes, seq: int, at: datetime, payload: Payload) -> None:
    """Queue the rows that an entry with this sequence number and wall time makes."""
    match payload:
        case OrderChanged():
            changes.put("orders", payload.order.id, _ORDER(payload.order))
            changes.post(seq, payload.postings)
        case FillApplied():
            fill = payload.fill
            # profit is a credit book: what a trade earned stands there with a minus
            realised = -sum(p.minor for p in payload.postings if p.book == "profit")
            about = (fill.account, fill.execution, seq, fill.order, fill.key, payload.order.product)
            changes.add("fills", (*about, *_FILL(fill), *_CHARGES(payload.charges), realised))
            changes.put("orders", payload.order.id, _ORDER(payload.order))
            held = payload.position
            changes.put("positions", (held.account, held.key, held.product), _POSITION(held))
            changes.post(seq, payload.postings)
        case PositionMarked():
            held = payload.position
            mark = payload.mark
            changes.put("marks", (mark.account, mark.key, mark.product, mark.day), _MARK(mark))
            changes.put("positions", (held.account, held.key, held.product), _POSITION(held))
            changes.post(seq, payload.postings)
        case FundsMoved():
            changes.post(seq, payload.postings)
        case AccountOpened():
            changes.put("accounts", payload.account.id, _ACCOUNT(payload.account))
            changes.post(seq, payload.postings)
        case TriggerChanged():
            changes.put(
                "triggers", payload.id, (payload.id, payload.account, payload.state, payload.event, payload.body, at)
            )
        case BasketChanged():
            changes.put(
                "baskets", payload.id, (payload.id, payload.account, payload.state, payload.event, payload.body, at)
            )
        case StrategyChanged():
            changes.put(
                "strategies", payload.id, (payload.id, payload.account, payload.state, payload.event, payload.body, at)
            )
        case ParentChanged():
            changes.put(
                "parents", payload.id, (payload.id, payload.account, payload.state, payload.event, payload.body, at)
            )
        case RiskChanged():
            changes.put(
                "risk",
                (payload.account, payload.name),
                (payload.account, payload.name, payload.body, payload.reason, at),
            )
        case SettingChanged():
            changes.put("settings", payload.name, (payload.name, payload.value, at))
        case MarketMoved():
            changes.put("markets", payload.market, (payload.market, payload.at_market, payload.day, payload.body, at))
        case Noted():
            pass


class Projector:
    """Writes queued rows through a raw cursor, inside the caller's transaction."""

    def __init__(self, dialect: Dialect) -> None:
        self._statements: dict[str, Statement] = {
            "accounts": upsert(tables.accounts, dialect),
            "orders": upsert(tables.orders, dialect),
            "fills": insert(tables.fills, dialect),
            "positions": upsert(tables.positions, dialect),
            "marks": upsert(tables.marks, dialect),
            "postings": insert(tables.postings, dialect),
            "triggers": upsert(tables.triggers, dialect),
            "baskets": upsert(tables.baskets, dialect),
            "strategies": upsert(tables.strategies, dialect),
            "parents": upsert(tables.parents, dialect),
            "risk": upsert(tables.risk, dialect),
            "settings": upsert(tables.settings, dialect),
            "markets": upsert(tables.markets, dialect),
        }
        self._balances = upsert(tables.balances, dialect, add=("minor",))
        self._holds = upsert(tables.holds, dialect, add=("minor",))

    def write(self, cursor: Cursor, changes: Changes) -> None:
        """Write everything queued."""
        for name, latest in changes.latest.items():
            self._statements[name].run(cursor, list(latest.values()))
        for name, rows in changes.rows.items():
            self._statements[name].run(cursor, rows)
        if changes.balances:
            self._balances.run(cursor, [(*book, minor) for book, minor in changes.balances.items()])
        if changes.holds:
            self._holds.run(cursor, [(*held, minor) for held, minor in changes.holds.items()])
