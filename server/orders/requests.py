"""Which request ids have been seen: the same id twice is the same order, also after a restart.

Ids of this run are in a dict; those found on disk at start are kept as sorted 64-bit hashes (8 bytes each), which
can say "certainly new" without asking the disk. "Perhaps seen" is settled by the orders table.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable

__all__ = ("Requests",)


class Requests:
    """Index of (account, request id)."""

    def __init__(self) -> None:
        self._now: dict[tuple[str, str], str] = {}
        self._old: array[int] = array("q")

    def load(self, seen: Iterable[tuple[str, str]]) -> None:
        """Begin again with what is on disk."""
        self._now = {}
        self._old = array("q", sorted(hash(pair) for pair in seen))

    def add(self, account: str, request_id: str, order_id: str) -> None:
        """Remember an order of this run."""
        if request_id:
            self._now[account, request_id] = order_id

    def drop(self, account: str, request_id: str) -> None:
        """Forget one whose intent never reached the disk."""
        self._now.pop((account, request_id), None)

    def order_id(self, account: str, request_id: str) -> str:
        """The order made for it in this run; empty when there is none."""
        return self._now.get((account, request_id), "")

    def perhaps(self, account: str, request_id: str) -> bool:
        """Whether the disk must be asked."""
        value = hash((account, request_id))
        at = bisect_left(self._old, value)
        return at < len(self._old) and self._old[at] == value
