"""The hash chain of the journal, as pure functions: what is hashed, and how one entry leans on the one before.

hash(n) = sha256(hash(n - 1) || canonical(n)), where canonical(n) is the compact JSON of the entry with its sequence
number, its payload in the very bytes that were stored. A verifier therefore needs no knowledge of payload types,
and an entry written by an older version keeps its hash for ever.
"""

import hashlib

import msgspec

__all__ = ("GENESIS", "Anchor", "Link", "canonical", "digest")

GENESIS = hashlib.sha256(b"sauda journal 1").digest()
"""What the first entry leans on."""

_encoder = msgspec.json.Encoder()


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One journal entry as it lies on disk."""

    seq: int
    """1, 2, 3 ... without gaps."""
    at_us: int
    """Wall time, microseconds since the epoch, UTC."""
    actor: str
    correlation: str
    subject: str
    payload: bytes
    """JSON of the payload, byte for byte as hashed."""
    hash: bytes


class Anchor(msgspec.Struct, frozen=True):
    """An entry known to have been on disk, kept beside the journal so that a cut tail shows."""

    seq: int
    hash: str
    """Hexadecimal."""


class _Canonical(msgspec.Struct):
    seq: int
    at: int
    actor: str
    correlation: str
    subject: str
    payload: msgspec.Raw


def canonical(seq: int, at_us: int, actor: str, correlation: str, subject: str, payload: bytes) -> bytes:
    """The bytes of an entry that its hash covers."""
    return _encoder.encode(_Canonical(seq, at_us, actor, correlation, subject, msgspec.Raw(payload)))


def digest(previous: bytes, body: bytes) -> bytes:
    """Hash (32 bytes) of an entry whose predecessor has the hash `previous`."""
    return hashlib.sha256(previous + body).digest()
