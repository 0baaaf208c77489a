"""Everything the connected brokers list, merged by canonical key: found, searched, and never given rows by itself."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from server.domain.instruments import Instrument
from server.market.catalogue import Catalogue

__all__ = ("MergedMaster",)

_MOST_CONFLICTS = 200


class MergedMaster:
    """Implements `LiveFeed`'s `Master`. The first to list an instrument says what it is; others are compared."""

    def __init__(self) -> None:
        self.carriers: dict[str, int] = {}
        """Instruments by account, for the Instruments page."""
        self.conflicts: dict[str, str] = {}
        """Keys of which brokers say different things (lot, tick, expiry), with the sentence."""
        self.conflict_count: Counter[str] = Counter()
        self._catalogue = Catalogue()

    def __len__(self) -> int:
        return len(self._catalogue)

    def merge(self, account: str, instruments: Iterable[Instrument]) -> int:
        """Add what is new; returns how many that were."""
        known = self._catalogue
        fresh: dict[str, Instrument] = {}
        count = 0
        for instrument in instruments:
            count += 1
            row = known.find(instrument.key)
            if row is not None:
                self._compare(account, known.instruments[row], instrument)
            else:
                fresh.setdefault(instrument.key, instrument)
        self.carriers[account] = count
        known.refresh([*known.instruments, *fresh.values()])
        return len(fresh)

    def find(self, key: str) -> Instrument | None:
        """By canonical key."""
        row = self._catalogue.find(key)
        return None if row is None else self._catalogue.instruments[row]

    def search(
        self, query: str, *, kind: str | None, name: str | None, expiry: date | None, limit: int
    ) -> list[Instrument]:
        """Matches, best first."""
        rows = self._catalogue.search(query, kind=kind, name=name, expiry=expiry, limit=limit)
        return [self._catalogue.instruments[row] for row in rows]

    def expiries(self, name: str) -> list[date]:
        """Expiry days of options on a name, soonest first."""
        return self._catalogue.expiries(name)

    def chain(self, name: str, expiry: date) -> list[str]:
        """Keys of one chain, by strike."""
        rows = [r for one in self._catalogue.chain(name, expiry) for r in (one.call, one.put) if r is not None]
        return [self._catalogue.key(row) for row in rows]

    def _compare(self, account: str, ours: Instrument, theirs: Instrument) -> None:
        for field in ("lot", "tick", "expiry", "strike", "right", "unit"):
            one, other = getattr(ours, field), getattr(theirs, field)
            if one != other:
                self.conflict_count[field] += 1
                if len(self.conflicts) < _MOST_CONFLICTS:
                    self.conflicts[ours.key] = f"{ours.key}: {field} is {one}, and {other} according to {account}."
