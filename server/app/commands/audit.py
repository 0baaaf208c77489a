"""`sauda audit verify`."""

import asyncio
import urllib.request
from pathlib import Path

import msgspec

from server import __version__
from server.app.running import running_url
from server.audit.verify import Verdict
from server.audit.verify import verify as walk
from server.core.clock import SystemClock
from server.core.errors import Invalid
from server.storage.store import Storage

__all__ = ("verify",)


async def verify(data: Path) -> int:
    """Walk the chain of hashes; 0 when it holds, 1 when it does not."""
    if not data.is_dir():
        raise Invalid(f"There is no data folder {data}.", field="data", remedy="Give it with --data.")
    url = running_url(data)
    verdict = await asyncio.to_thread(_ask, url) if url is not None else await _walk(data)
    if verdict.ok:
        print(f"{verdict.entries:,} entries, unbroken. Head {verdict.head[:16]}")
        return 0
    print(f"Broken after {verdict.entries:,} good entries: {verdict.problem}")
    return 1


async def _walk(data: Path) -> Verdict:
    storage = await Storage.open(data, SystemClock(), version=__version__)
    try:
        return await asyncio.to_thread(lambda: walk(storage.links(), storage.anchor()))
    finally:
        await storage.close()


def _ask(url: str) -> Verdict:
    request = urllib.request.Request(f"{url}/api/v1/audit/verify", data=b"", method="POST")  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
        return msgspec.json.decode(answer.read(), type=Verdict)
