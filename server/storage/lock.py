"""One server per data folder: a lock that the operating system lets go of when the process dies, however it dies."""

import os
import sys
from pathlib import Path
from typing import IO

from server.core.errors import Conflict
from server.core.paths import unwritable

__all__ = ("DataLock",)

_NAME = "sauda.lock"


class DataLock:
    """Holds `sauda.lock` in a data folder until `release`; raises Conflict when another process holds it."""

    def __init__(self, data_dir: Path) -> None:
        path = data_dir / _NAME
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            self._file: IO[str] = path.open("a+", encoding="ascii")
        except OSError as error:
            raise unwritable(data_dir, error) from error
        try:
            _hold(self._file)
        except OSError as error:
            holder = _holder(path)
            self._file.close()
            raise Conflict(
                f"Another Sauda{holder} is using the data folder {data_dir}.",
                code="data.locked",
                remedy="Stop it first, or name another folder with --data DIR.",
            ) from error
        # the lock's range lies past the text, so that Windows lets others read who holds it
        self._file.seek(0)
        self._file.truncate()
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let go. Calling it twice is harmless."""
        self._file.close()


def _holder(path: Path) -> str:
    try:
        pid = path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
    return f" (process {pid})" if pid.isdigit() else ""


if sys.platform == "win32":
    import msvcrt

    def _hold(file: IO[str]) -> None:
        file.seek(1 << 20)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _hold(file: IO[str]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
