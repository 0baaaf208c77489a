"""Verifying the journal: any entry changed, removed, put elsewhere or cut off is found and named."""

from collections.abc import Iterable

import msgspec

from server.audit.chain import GENESIS, Anchor, Link, canonical, digest

__all__ = ("Verdict", "verify")


class Verdict(msgspec.Struct, frozen=True):
    """The answer of a verification."""

    ok: bool
    entries: int
    """Entries that hold, counted from the first."""
    head: str
    """Hash of the last entry that holds, hexadecimal."""
    problem: str | None = None
    """What is wrong, in one sentence that names the entry."""


def verify(rows: Iterable[Link], anchor: Anchor | None = None) -> Verdict:
    """Walk the chain from its first entry. `anchor` is an entry known to have been written, where there is one."""
    last, seq = GENESIS, 0
    for row in rows:
        problem = _wrong(row, seq, last)
        if problem is None and anchor is not None and row.seq == anchor.seq and row.hash.hex() != anchor.hash:
            problem = f"Entry {row.seq} is not the one that was written: the journal was replaced from there or before."
        if problem is not None:
            return Verdict(False, seq, last.hex(), problem)
        last, seq = row.hash, row.seq
    if anchor is not None and anchor.seq > seq:
        gone = f"Entry {anchor.seq} is" if anchor.seq == seq + 1 else f"Entries {seq + 1} to {anchor.seq} are"
        return Verdict(False, seq, last.hex(), f"{gone} missing at the end: the journal was cut.")
    return Verdict(True, seq, last.hex())


def _wrong(row: Link, seq: int, last: bytes) -> str | None:
    if row.seq > seq + 1:
        gone = f"Entry {seq + 1} is" if row.seq == seq + 2 else f"Entries {seq + 1} to {row.seq - 1} are"
        return f"{gone} missing."
    if row.seq <= seq:
        return f"Entry {row.seq} stands after entry {seq}."
    body = canonical(row.seq, row.at_us, row.actor, row.correlation, row.subject, row.payload)
    if digest(last, body) != row.hash:
        return f"Entry {row.seq} was changed, or does not follow entry {seq}."
    return None
