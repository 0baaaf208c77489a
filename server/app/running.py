"""Which server, if any, runs on a data folder: a small file it writes beside its lock, for the other commands."""

from pathlib import Path

import msgspec

from server.core.errors import Conflict
from server.storage.lock import DataLock

__all__ = ("forget_running", "note_running", "running_url")

_NAME = "running.json"


def note_running(data: Path, url: str) -> None:
    """Say where the server listens."""
    (data / _NAME).write_bytes(msgspec.json.encode({"url": url}))


def forget_running(data: Path) -> None:
    """The server stopped."""
    (data / _NAME).unlink(missing_ok=True)


def running_url(data: Path) -> str | None:
    """Address of the server that holds the folder's lock; None when no process does."""
    if not data.is_dir():
        return None
    try:
        DataLock(data).release()
    except Conflict:
        note = data / _NAME
        if not note.exists():
            raise  # another command holds the folder, or a server that is still starting
        return str(msgspec.json.decode(note.read_bytes())["url"])
    return None
