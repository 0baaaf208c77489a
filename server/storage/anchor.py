"""The anchor: a small file beside the journal naming its last entry, so that a cut tail shows."""

import contextlib
import os
from pathlib import Path

import msgspec

from server.audit.chain import Anchor

__all__ = ("read_anchor", "write_anchor")


def read_anchor(path: Path) -> Anchor | None:
    """The anchor last written; None where there is none or it cannot be read."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(path.read_bytes(), type=Anchor)
    return None


def write_anchor(path: Path, anchor: Anchor) -> None:
    """Replace the anchor, whole or not at all. A disk that refuses is left to the journal itself to report."""
    beside = path.with_suffix(".new")
    with contextlib.suppress(OSError):
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(anchor))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
