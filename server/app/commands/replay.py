"""`sauda replay`: lists the recorded days, or starts the app (or asks the running one) to replay one of them."""

import json
from pathlib import Path

from server.app.commands.asking import ask
from server.app.commands.run import run
from server.app.running import running_url
from server.app.runtime import PLAN, Runtime
from server.core.clock import SystemClock
from server.core.errors import Invalid
from server.core.paths import bundled
from server.domain.recordings import Replay
from server.feeds.replay.known import Known
from server.feeds.replay.library import Library
from server.feeds.replay.recordings import Recordings
from server.rulebook import Rulebook

__all__ = ("replay",)


def replay(data: Path, environment: dict[str, str], flags: dict[str, str], day: str | None, speed: float) -> int:
    """List the days when none is named, else replay it; 0 when all went well."""
    if not speed >= 0:
        raise Invalid(
            "The speed must be 0 or more.", field="speed", remedy="Use 1 for its own pace, 0 for the fastest."
        )
    if day is None:
        _list(_days(data))
        return 0
    url = running_url(data)
    if url is not None:
        body = json.dumps({"id": day, "speed": speed}).encode()
        market = ask(f"{url}/api/v1/replays", "POST", body, {"content-type": "application/json"})
        print(f"{market['label']} runs in the app at {url}")
        return 0
    known = _days(data)
    if day not in {found.id for found in known}:
        raise Invalid(f"There is no recorded day {day}.", field="day", remedy="`sauda replay` lists them.")

    async def begin(runtime: Runtime) -> None:
        await runtime.replays.start(day, speed)

    return run(data, environment, flags, begin)


def _days(data: Path) -> list[Replay]:
    if not data.is_dir():
        return []
    recordings = Recordings(data)
    recordings.open(SystemClock().now())
    rules = Rulebook.load(bundled("config") / "rules")
    return Library(recordings, rules, Known(bundled("config") / "recordings.toml", rules), PLAN).replays()


def _list(days: list[Replay]) -> None:
    if not days:
        print("No recorded days yet. `sauda import PATH` takes files in.")
    for one in reversed(days):
        trading = f"{one.tradable} to trade" if one.tradable else "to watch"
        print(f"{one.id}  {one.kind:<28} {one.instruments:>4} instruments, {one.rows:>8,} rows, {trading}")
