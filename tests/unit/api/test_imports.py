"""Imports and replays over HTTP: uploads are read by a process of their own and reported; refusals have one shape."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from server.api.errors import HANDLERS
from server.api.imports import import_handlers
from server.api.replays import replay_handlers
from server.api.security import MAX_BODY
from server.app.importing import ImportService, hint
from server.core.bus import Bus
from server.core.clock import SystemClock
from server.core.errors import Invalid, NotFound
from server.core.ids import Ids
from server.domain.events import ListChanged
from server.domain.recordings import Replay
from server.feeds.replay.recordings import Recordings
from server.market.market import MarketState
from tests.unit.feeds.replay.kit import minute_rows

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROWS = ["date,open,high,low,close,volume", *minute_rows("2024-01-05"), "2024-01-05 15:31:00,1,1,1,1,0"]
DAY = Replay(
    id="2024-01-05",
    day=date(2024, 1, 5),
    kind="one-minute bars",
    instruments=1,
    rows=375,
    faults=1,
    tradable=0,
    detail="",
)


class ToldReplays:
    """Replays that remember what they were asked."""

    def __init__(self) -> None:
        self.started: list[tuple[str, float]] = []
        self.running = False

    async def all(self) -> list[Replay]:
        return [DAY]

    async def start(self, id: str, speed: float) -> MarketState:  # noqa: A002
        if id != DAY.id:
            raise NotFound(f"There is no recorded day {id!r}.", code="replay.unknown", field="id")
        self.started.append((id, speed))
        self.running = True
        return MarketState(
            id="replay-1",
            number=2,
            kind="replay",
            label="Replay of 05 Jan 2024",
            state="running",
            scenario="",
            speed=speed,
            day=DAY.day,
            market_time=NOW,
            phase="continuous",
            phase_until=None,
            source="replay",
            detail="",
        )

    async def stop(self) -> None:
        if not self.running:
            raise NotFound("No replay runs.", code="replay.none")
        self.running = False


class Desk:
    """The app with an import service on a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bus, self.replays, self.ended = Bus(), ToldReplays(), 0
        clock = SystemClock()
        recordings = Recordings(folder)
        recordings.open(NOW)
        self.service = ImportService(folder, recordings, clock, self.bus, Ids(clock), self._done)
        self.client: AsyncTestClient[Any]

    def _done(self) -> None:
        self.ended += 1

    @asynccontextmanager
    async def open(self, *, reading: bool = True) -> AsyncIterator["Desk"]:
        app = Litestar(
            [*import_handlers(self.service), *replay_handlers(self.replays)],
            exception_handlers=HANDLERS,
            request_max_body_size=MAX_BODY,
            openapi_config=None,
            logging_config=None,
        )
        task = asyncio.create_task(self.service.run(lambda: None)) if reading else None
        async with AsyncTestClient(app, raise_server_exceptions=False) as self.client:
            try:
                yield self
            finally:
                if task is not None:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)

    async def send(self, name: str, data: bytes) -> dict[str, Any]:
        """Upload a file; the job as answered."""
        answer = await self.client.post("/api/v1/imports", files={"file": (name, data)})
        assert answer.status_code == 202, answer.text
        job: dict[str, Any] = answer.json()["import"]
        return job

    async def settled(self, job: str) -> dict[str, Any]:
        """The job once it is done or has failed."""
        while True:
            found: dict[str, Any] = (await self.client.get(f"/api/v1/imports/{job}")).json()["import"]
            if found["state"] in ("done", "failed"):
                return found
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told(), 0.5)

    async def _told(self) -> None:
        told = asyncio.Event()
        off = self.bus.subscribe(ListChanged, lambda _: told.set())
        try:
            await told.wait()
        finally:
            off()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk(tmp_path).open() as made:
        yield made


async def test_upload_when_a_good_file_then_read_reported_and_announced(desk: Desk) -> None:
    told: list[ListChanged] = []
    desk.bus.subscribe(ListChanged, told.append)
    job = await desk.send("NIFTY_1min.csv.gz", gzip.compress("\n".join(ROWS).encode()))
    assert (job["state"], job["file"]) == ("waiting", "NIFTY_1min.csv.gz")
    done = await desk.settled(job["id"])
    assert (done["state"], done["kind"], done["days"]) == ("done", "one-minute bars of an index", ["2024-01-05"])
    assert (done["rows"], done["taken"], done["repaired"], done["refused"]) == (376, 375, 0, 1)
    (fault,) = done["report"]
    assert (fault["fault"], fault["count"], fault["outcome"]) == ("after_close", 1, "refused")
    listed = (await desk.client.get("/api/v1/imports")).json()["items"]
    assert listed == [done]
    assert desk.ended == 1
    assert {event.name for event in told} == {"imports", "replays"}
    assert not list((desk.folder / "incoming").iterdir())


async def test_upload_when_file_is_no_market_data_then_failed_in_one_sentence(desk: Desk) -> None:
    job = await desk.send("photo.csv", b"\x89PNG\r\n\x1a\n\x00\x00")
    done = await desk.settled(job["id"])
    assert done["state"] == "failed"
    assert done["detail"].startswith("The file was not taken: ")


async def test_upload_when_several_come_then_read_in_turn_and_none_lost(desk: Desk) -> None:
    jobs = [await desk.send(f"NIFTY_{n}.csv", "\n".join(ROWS).encode()) for n in range(3)]
    done = [await desk.settled(job["id"]) for job in jobs]
    assert [one["state"] for one in done] == ["done"] * 3
    assert len((await desk.client.get("/api/v1/imports")).json()["items"]) == 3


async def test_upload_when_over_a_megabyte_then_taken_though_json_bodies_may_not_be(desk: Desk) -> None:
    rows = [row for day in range(1, 29) for row in minute_rows(f"2024-02-{day:02d}")]
    data = "\n".join([ROWS[0], *rows]).encode() + b"\n" * 700_000
    assert len(data) > MAX_BODY
    assert (await desk.settled((await desk.send("NIFTY.csv", data))["id"]))["state"] == "done"
    large = await desk.client.post("/api/v1/replays", content=b"x" * (MAX_BODY + 10))
    assert large.status_code in (400, 413)


@pytest.mark.parametrize("body", [{"data": {"file": "words"}}, {"data": {}}, {"json": {"file": "x"}}, {"content": b""}])
async def test_upload_when_there_is_no_file_then_one_error_shape(desk: Desk, body: dict[str, Any]) -> None:
    answer = await desk.client.post("/api/v1/imports", **body)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"status", "code", "detail"} <= answer.json().keys()


async def test_import_when_unknown_then_not_found(desk: Desk) -> None:
    answer = await desk.client.get("/api/v1/imports/nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "import.unknown")


async def test_import_when_the_worker_dies_then_failed_and_the_next_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Desk(tmp_path).open() as desk:
        monkeypatch.setattr("server.app.importing.sys.executable", "/bin/false")
        first = await desk.settled((await desk.send("NIFTY.csv", "\n".join(ROWS).encode()))["id"])
        monkeypatch.undo()
        assert first["state"] == "failed"
        assert "ended unexpectedly" in first["detail"]
        second = await desk.settled((await desk.send("NIFTY.csv", "\n".join(ROWS).encode()))["id"])
        assert second["state"] == "done"


async def test_uploads_when_sauda_was_stopped_before_reading_then_left_overs_are_thrown_away(tmp_path: Path) -> None:
    async with Desk(tmp_path).open(reading=False) as desk:
        await desk.send("NIFTY.csv", b"date,open\n")
        assert len(list((tmp_path / "incoming").iterdir())) == 1
    async with Desk(tmp_path).open() as desk:
        assert not (tmp_path / "incoming").exists()
        assert (await desk.client.get("/api/v1/imports")).json()["items"] == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("NIFTY.csv", "NIFTY.csv"),
        ("../../etc/passwd", "etc/passwd"),
        ("C:\\data\\ticks\\NIFTY.csv", "ticks/NIFTY.csv"),
        ("a\x00b\n.csv", "ab.csv"),
    ],
)
def test_hint_when_name_is_odd_then_folder_and_file_in_plain_letters(name: str, kept: str) -> None:
    assert hint(name) == kept


@pytest.mark.parametrize("name", ["", "..", "///", "\n"])
def test_hint_when_name_is_nothing_then_invalid(name: str) -> None:
    with pytest.raises(Invalid):
        hint(name)


async def test_replays_when_asked_then_listed_started_and_stopped(desk: Desk) -> None:
    listed = (await desk.client.get("/api/v1/replays")).json()
    assert listed["items"][0]["id"] == "2024-01-05"
    started = await desk.client.post("/api/v1/replays", json={"id": "2024-01-05", "speed": 20})
    assert (started.status_code, started.json()["id"], started.json()["speed"]) == (201, "replay-1", 20.0)
    assert desk.replays.started == [("2024-01-05", 20.0)]
    assert (await desk.client.delete("/api/v1/replays")).status_code == 204
    again = await desk.client.delete("/api/v1/replays")
    assert (again.status_code, again.json()["code"]) == (404, "replay.none")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"id": "2020-01-01"}, 404, "id"),
        ({}, 400, "id"),
        ({"id": 5}, 400, "id"),
        ({"id": "2024-01-05", "speed": -1}, 400, "speed"),
        ({"id": "2024-01-05", "speed": "fast"}, 400, "speed"),
        ({"id": "2024-01-05", "turbo": True}, 400, "turbo"),
    ],
)
async def test_start_replay_when_body_is_wrong_then_error_names_the_field(
    desk: Desk, body: dict[str, Any], status: int, field: str
) -> None:
    answer = await desk.client.post("/api/v1/replays", json=body)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert desk.replays.started == []
