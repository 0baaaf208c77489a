"""`sauda backup` and `sauda restore`."""

from pathlib import Path

import msgspec

from server import __version__
from server.app.commands.asking import ask
from server.app.running import running_url
from server.core.clock import SystemClock
from server.core.errors import Conflict, Invalid
from server.core.paths import make_data_dir
from server.storage.restore import restore as put_back
from server.storage.store import Storage

__all__ = ("backup", "restore")


async def backup(data: Path, target: Path | None) -> int:
    """Write a backup: by the running server if there is one on this folder, else directly."""
    if target is not None and target.is_file():
        raise Conflict(f"{target} is there already.", code="backup.exists", field="file", remedy="Choose another name.")
    url = running_url(data)
    if url is not None:
        path = _ask(url, None if target is None else target.resolve())
    else:
        _must_exist(data)
        storage = await Storage.open(data, SystemClock(), version=__version__)
        try:
            path = str((await storage.backup(target)).path)
        finally:
            await storage.close()
    print(f"Backed up to {path}")
    return 0


async def restore(data: Path, file: Path) -> int:
    """Put a backup in place; refuses while a server runs on the folder."""
    if not file.is_file():
        raise Invalid(f"There is no file {file}.", field="file", remedy="Give the path of a backup.")
    make_data_dir(data)
    report = put_back(file, data, SystemClock())
    print(f"Restored {report.manifest.created:%Y-%m-%d %H:%M} UTC, made by Sauda {report.manifest.version}.")
    if report.aside is not None:
        print(f"What was there before is kept in {report.aside}")
    return 0


def _ask(url: str, target: Path | None) -> str:
    body = msgspec.json.encode({} if target is None else {"file": str(target)})
    return str(ask(f"{url}/api/v1/backups", "POST", body, {"content-type": "application/json"})["file"])


def _must_exist(data: Path) -> None:
    if not data.is_dir():
        raise Invalid(f"There is nothing in {data} to back up.", field="data", remedy="Give the folder with --data.")
