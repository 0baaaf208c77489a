"""The journal as the rest of Sauda sees it: `server.orders.ports.Journal` over the writer thread."""

from collections import defaultdict, deque

import msgspec

from server.core.clock import Clock
from server.core.errors import Fault
from server.domain.books import Posting
from server.domain.journal import (
    AccountOpened,
    BasketChanged,
    Entry,
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
from server.storage.writer import Item, Writer

__all__ = ("CommitTimes", "SqliteJournal")

_encoder = msgspec.json.Encoder()


class CommitTimes(msgspec.Struct, frozen=True):
    """How long the last commits took, in seconds."""

    p50: float
    p99: float
    n: int


class SqliteJournal:
    """Append-only, hash-chained, durable when `commit` returns."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._times: deque[float] = deque(maxlen=2000)

    async def commit(self, *entries: Entry) -> int:
        """Write entries and their projections in one transaction; returns the last sequence number.

        Raises Unavailable (code `journal.failed`) when the journal cannot be written: nothing was stored. Raises
        Conflict for an execution, order id or request id that is on record already, and Fault for entries that
        cannot be stored or whose postings do not sum to zero. A caller cancelled while waiting must take the unit
        as possibly written.
        """
        items = tuple(_item(entry) for entry in entries)
        if not items:
            raise Fault("a commit needs at least one entry", code="journal.entry")
        _balanced(entries)
        began = self._clock.monotonic()
        seq = await self._writer.submit(items)
        self._times.append(self._clock.monotonic() - began)
        return seq

    @property
    def healthy(self) -> bool:
        """False from the first failed write until one succeeds again."""
        return self._writer.healthy

    @property
    def problem(self) -> str:
        """Why it is not healthy, in one sentence; empty when it is."""
        return self._writer.problem

    @property
    def last_seq(self) -> int:
        """Sequence number of the last committed entry; 0 in an empty journal."""
        return self._writer.seq

    def times(self) -> CommitTimes:
        """Durations of the last 2,000 commits, as their callers saw them."""
        ordered = sorted(self._times)
        if not ordered:
            return CommitTimes(0.0, 0.0, 0)
        return CommitTimes(ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], len(ordered))


def _item(entry: Entry) -> Item:
    if entry.at.tzinfo is None:
        raise Fault("a journal entry needs an aware time", code="journal.entry")
    try:
        payload = _encoder.encode(entry.payload)
    except (TypeError, ValueError, OverflowError) as error:
        raise Fault(f"an entry cannot be written as JSON: {error}", code="journal.entry") from error
    return Item(entry, str(entry.payload.__struct_config__.tag), entry.subject or _subject(entry.payload), payload)


def _subject(payload: Payload) -> str:
    """What an entry is about, where its author did not say."""
    match payload:
        case OrderChanged() | FillApplied():
            return payload.order.id
        case AccountOpened():
            return payload.account.id
        case PositionMarked():
            return payload.mark.account
        case FundsMoved() | RiskChanged():
            return payload.account
        case TriggerChanged() | BasketChanged() | StrategyChanged() | ParentChanged():
            return payload.id
        case SettingChanged():
            return payload.name
        case MarketMoved():
            return payload.market
        case Noted():
            return payload.what


def _balanced(entries: tuple[Entry, ...]) -> None:
    """The last guard of double entry: every transaction sums to zero within its unit."""
    sums: dict[str, int] = defaultdict(int)
    for entry in entries:
        postings: tuple[Posting, ...] = getattr(entry.payload, "postings", ())
        for posting in postings:
            sums[posting.transaction] += posting.minor
    wrong = [name for name, total in sums.items() if total != 0]
    if wrong:
        raise Fault(f"postings of {wrong[0]} do not sum to zero", code="ledger.unbalanced")
