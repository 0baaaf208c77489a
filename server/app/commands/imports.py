"""`sauda import PATH...`: takes files of market data in, by the running server if there is one on this folder."""

import asyncio
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from server.app.commands.asking import ask
from server.app.import_worker import importer
from server.app.running import running_url
from server.core.clock import Clock, SystemClock
from server.core.errors import Invalid
from server.core.ids import Ids
from server.core.paths import make_data_dir
from server.domain.recordings import ImportJob
from server.feeds.replay.recordings import Recordings
from server.storage.lock import DataLock

__all__ = ("files_of", "import_paths")

_KINDS = (".csv", ".csv.gz", ".zip", ".json", ".json.gz", ".txt.gz")
_PART = 1_000_000
_POLL = 0.2


async def import_paths(data: Path, environment: dict[str, str], flags: dict[str, str], paths: Sequence[Path]) -> int:
    """Import files and folders; 0 when every file was taken, 1 when some were not."""
    files = files_of(paths)
    clock = SystemClock()
    url = running_url(data)
    if url is not None:
        jobs = [await _send(url, file, clock) for file in files]
        return _end(jobs)
    make_data_dir(data)
    lock = DataLock(data)
    try:
        return _end(_directly(data, files, clock))
    finally:
        lock.release()


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Files to import: those named, and those in folders named, instrument lists first. Raises Invalid for none."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [f for f in sorted(path.rglob("*")) if f.is_file() and f.name.lower().endswith(_KINDS)]
        elif path.is_file():
            found.append(path)
        else:
            raise Invalid(f"There is no file or folder {path}.", field="PATH", remedy="Check the path.")
    if not found:
        raise Invalid("No market data was found there.", field="PATH", remedy=f"Known are {', '.join(_KINDS)}.")
    return sorted(dict.fromkeys(found), key=lambda f: "instrument" not in f.name.lower())


def _directly(data: Path, files: Sequence[Path], clock: Clock) -> Iterator[ImportJob]:
    if said := Recordings(data).open(clock.now()):
        print(said)
    work, ids = importer(data), Ids(clock)
    for number, file in enumerate(files, 1):
        show = _progress(f"[{number}/{len(files)}] {file.name}")
        job = ImportJob(id=ids.next(), file=_hint(file), state="reading", at=clock.now())
        yield _report(work.take(file, job, show))


async def _send(url: str, file: Path, clock: Clock) -> ImportJob:
    """Hand one file to the server and follow it."""
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(_hint(file))}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "content-type": f"multipart/form-data; boundary={boundary}",
        "content-length": str(len(head) + file.stat().st_size + len(tail)),
    }
    answer = await asyncio.to_thread(ask, f"{url}/api/v1/imports", "POST", _body(head, file, tail), headers)
    show = _progress(file.name)
    while True:
        job = msgspec.convert(answer["import"], ImportJob)
        if job.state in ("done", "failed"):
            return _report(job)
        show(job.rows)
        await clock.sleep(_POLL)
        answer = await asyncio.to_thread(ask, f"{url}/api/v1/imports/{job.id}")


def _body(head: bytes, file: Path, tail: bytes) -> Iterator[bytes]:
    yield head
    with file.open("rb") as stream:
        while part := stream.read(_PART):
            yield part
    yield tail


def _report(job: ImportJob) -> ImportJob:
    if job.state == "failed":
        print(f"\r{job.file}: {job.detail}")
    else:
        days = f", {len(job.days)} days" if job.days else ""
        counts = f"{job.taken:,} rows taken, {job.repaired:,} repaired, {job.refused:,} refused"
        print(f"\r{job.file}: {job.kind}; {counts}{days}. {job.detail}".rstrip())
    for fault in job.report:
        print(f"    {fault.fault.replace('_', ' ')}, {fault.count:,}: {fault.action}\n        {fault.example}")
    return job


def _end(jobs: "Sequence[ImportJob] | Iterator[ImportJob]") -> int:
    done = list(jobs)
    failed = sum(job.state == "failed" for job in done)
    days = {day for job in done for day in job.days}
    print(f"{len(done) - failed} of {len(done)} files taken in; {len(days)} days.")
    return 1 if failed else 0


def _progress(name: str) -> Callable[[int], None]:
    """A line that counts up, on a terminal only."""
    if not sys.stdout.isatty():
        return lambda _: None
    return lambda rows: print(f"\r{name}: {rows:,} rows", end="", flush=True)


def _hint(file: Path) -> str:
    return "/".join(file.resolve().parts[-2:])


def _quoted(name: str) -> str:
    return name.replace("\\", "/").replace('"', "%22").replace("\r", "").replace("\n", "")
