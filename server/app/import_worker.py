"""The process that reads imported files, apart from the one that trades: parsing must not delay an order.

Called by `server.app.importing` as `python -m server.app.import_worker DATA FILE`, with the queued job as JSON on
standard input. Writes one JSON object a line: `{"rows": n}` while reading, `{"job": {...}}` at the end.
"""

import sys
from pathlib import Path

import msgspec

from server.core.paths import bundled
from server.domain.recordings import ImportJob
from server.feeds.replay.importing import Importer
from server.feeds.replay.known import Known
from server.feeds.replay.recordings import Recordings
from server.rulebook import Rulebook

__all__ = ("importer", "main")


def importer(data: Path) -> Importer:
    """The import of a data folder."""
    rules = Rulebook.load(bundled("config") / "rules")
    return Importer(Recordings(data), rules, Known(bundled("config") / "recordings.toml", rules))


def main() -> None:
    """Read one file."""
    data, file = (Path(argument) for argument in sys.argv[1:3])
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=ImportJob)
    done = importer(data).take(file, job, lambda rows: _say({"rows": rows}))
    _say({"job": done})


def _say(what: dict[str, object]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
