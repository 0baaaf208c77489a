"""A journal in memory that can fail, and what storage would read back from it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from server.core.errors import Conflict, NotFound, Unavailable
from server.domain.books import Book, Mark, Position
from server.domain.journal import (
    BasketChanged,
    Entry,
    FillApplied,
    OrderChanged,
    ParentChanged,
    PositionMarked,
    RiskChanged,
    TriggerChanged,
)
from server.domain.orders import LIVE_STATES, Order

__all__ = ("KeptRows", "MemoryJournal", "RiskRows")


class _Row(msgspec.Struct):
    """A row as storage gives it."""

    id: str = ""
    account: str = ""
    name: str = ""
    state: str = ""
    body: dict[str, Any] = {}
    reason: str = ""


class MemoryJournal:
    """A journal whose disk is a list. `fail` makes commits raise; what failed is not there."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.orders: dict[str, Order] = {}
        self.fills: dict[tuple[str, str], FillApplied] = {}
        self.marks: list[Mark] = []
        self.positions: dict[tuple[str, str, str], Position] = {}
        self.balances: dict[tuple[str, Book], int] = {}
        self.holds: dict[tuple[str, str], int] = {}
        self.kept: dict[tuple[str, str], _Row] = {}
        self.risk: dict[tuple[str, str], _Row] = {}
        self.fail = False
        self.fail_after: int | None = None
        """Commits that still succeed before the disk breaks."""
        self.commits = 0

    async def commit(self, *entries: Entry) -> int:
        await asyncio.sleep(0)
        if self.fail_after is not None:
            if self.fail_after == 0:
                self.fail, self.fail_after = True, None
            else:
                self.fail_after -= 1
        if self.fail:
            raise Unavailable("the disk is full", code="journal.failed")
        self._check(entries)
        msgspec.json.encode(entries)
        for entry in entries:
            self._apply(entry)
        self.entries += entries
        self.commits += 1
        return len(self.entries)

    @property
    def healthy(self) -> bool:
        return not self.fail

    def events(self, order_id: str) -> list[str]:
        """Steps of an order, in order."""
        out = []
        for entry in self.entries:
            if isinstance(entry.payload, OrderChanged) and entry.payload.order.id == order_id:
                out.append(entry.payload.event)
            elif isinstance(entry.payload, FillApplied) and entry.payload.order.id == order_id:
                out.append("filled")
        return out

    def noted(self, what: str) -> list[dict[str, Any]]:
        """Details of the notes of one kind."""
        return [e.payload.detail for e in self.entries if getattr(e.payload, "what", "") == what]  # type: ignore[union-attr]

    def _check(self, entries: Sequence[Entry]) -> None:
        sums: Counter[str] = Counter()
        for entry in entries:
            for posting in getattr(entry.payload, "postings", ()):
                sums[posting.transaction] += posting.minor
            if isinstance(entry.payload, FillApplied):
                fill = entry.payload.fill
                if (fill.account, fill.execution) in self.fills:
                    raise Conflict(f"execution {fill.execution} is on record")
        assert all(total == 0 for total in sums.values()), sums

    def _apply(self, entry: Entry) -> None:
        payload = entry.payload
        if isinstance(payload, OrderChanged | FillApplied):
            self.orders[payload.order.id] = payload.order
        if isinstance(payload, FillApplied):
            self.fills[payload.fill.account, payload.fill.execution] = payload
            position = payload.position
            self.positions[position.account, position.key, position.product] = position
        if isinstance(payload, PositionMarked):
            self.marks.append(payload.mark)
            position = payload.position
            self.positions[position.account, position.key, position.product] = position
        for posting in getattr(payload, "postings", ()):
            place = (posting.account, posting.book)
            self.balances[place] = self.balances.get(place, 0) + posting.minor
            if posting.book == "margin":
                held = (posting.account, posting.reference)
                self.holds[held] = self.holds.get(held, 0) + posting.minor
        if isinstance(payload, RiskChanged):
            self.risk[payload.account, payload.name] = _Row(
                account=payload.account, name=payload.name, body=payload.body, reason=payload.reason
            )
        if isinstance(payload, TriggerChanged | BasketChanged | ParentChanged):
            kind = str(payload.__struct_config__.tag).partition(".")[0]
            self.kept[kind, payload.id] = _Row(
                id=payload.id, account=payload.account, state=payload.state, body=payload.body
            )

    # what storage reads back

    async def get(self, order_id: str) -> Order:
        if order_id not in self.orders:
            raise NotFound(order_id)
        return self.orders[order_id]

    async def by_request(self, account: str, request_id: str) -> Order | None:
        found = (o for o in self.orders.values() if (o.account, o.request_id) == (account, request_id))
        return next(found, None) if request_id else None

    async def by_broker_id(self, account: str, broker_id: str) -> Order | None:
        return next((o for o in self.orders.values() if (o.account, o.broker_id) == (account, broker_id)), None)

    async def load_live(self) -> list[Order]:
        return sorted((o for o in self.orders.values() if o.state in LIVE_STATES), key=lambda o: o.id)

    async def load_requests(self) -> list[tuple[str, str]]:
        return [(o.account, o.request_id) for o in self.orders.values() if o.request_id]

    async def of_order(self, order_id: str) -> list[FillApplied]:
        return [f for f in self.fills.values() if f.fill.order == order_id]

    async def load_executions(self, since: datetime | None = None) -> set[tuple[str, str]]:
        return set(self.fills)


class KeptRows:
    def __init__(self, journal: MemoryJournal, kind: str) -> None:
        self._journal = journal
        self._kind = kind

    async def load_all(self, states: tuple[str, ...]) -> list[_Row]:
        return [r for (kind, _), r in sorted(self._journal.kept.items()) if kind == self._kind and r.state in states]


class RiskRows:
    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal

    async def load_all(self) -> list[_Row]:
        return list(self._journal.risk.values())
