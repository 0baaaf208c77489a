"""A replay in a real Sauda: imported, traded on, cut off by `kill -9`, resumed, stopped; and the commands."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from server.main import main
from tests.process import ROOT, Sauda, eventually, free_port
from tests.replay.kit import BANKNIFTY_OPTIONS
from tests.shared import shared

CALL = "NFO:BANKNIFTY10JAN2447400CE"
FILES = ("index_minute/BANKNIFTY_1min_2024-01-01_2024-04-30.csv.gz", *BANKNIFTY_OPTIONS)


def command(*words: object, data: Path) -> tuple[int, str]:
    """(exit code, what was printed) of one `sauda` command."""
    with redirect_stdout(StringIO()) as out:
        code = main([*map(str, words), "--data", str(data)])
    return code, out.getvalue()


@pytest.fixture(scope="module")
def files() -> list[Path]:
    return [shared(f"data/{file}") for file in FILES]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sauda]:
    made = Sauda(tmp_path / "data", paper__latency_ms=0)
    yield made
    made.stop()


def market(server: Sauda, name: str) -> dict[str, Any] | None:
    """A market's state, None when there is no such market."""
    items: list[dict[str, Any]] = server.get("/api/v1/markets")[1]["items"]
    return next((one for one in items if one["id"] == name), None)


def steer(server: Sauda, name: str, **body: object) -> dict[str, Any]:
    status, answer = server.post(f"/api/v1/markets/{name}/control", body)
    assert status == 200, answer
    state: dict[str, Any] = answer
    return state


def trade(server: Sauda, account: str, side: str, **terms: object) -> dict[str, Any]:
    body = {"account": account, "key": CALL, "side": side, "quantity": 15, "type": "MARKET", "product": "NRML", **terms}
    status, answer = server.post("/api/v1/orders", body)
    assert status == 201, answer
    order: dict[str, Any] = answer["order"]
    return order


def accounts(server: Sauda) -> list[str]:
    return [account["id"] for account in server.get("/api/v1/session")[1]["accounts"]]


def test_replay_when_sauda_is_killed_in_the_middle_then_it_goes_on_paused_with_its_books(
    server: Sauda, files: list[Path]
) -> None:
    assert command("import", *files, data=server.data)[0] == 0
    server.start()
    status, started = server.post("/api/v1/replays", {"id": "2024-01-05", "speed": 20})
    assert (status, started["id"], started["number"], started["kind"]) == (201, "replay-1", 2, "replay")
    assert started["detail"].startswith("Made from one-minute bars")
    assert accounts(server) == ["paper-sim", "paper-replay-1"]
    eventually(lambda: server.get(f"/api/v1/quotes?market=replay-1&keys={CALL}")[1]["items"][0]["ltp"])
    bought = trade(server, "paper-replay-1", "BUY")
    assert bought["state"] == "FILLED"
    resting = trade(server, "paper-replay-1", "SELL", type="LIMIT", price="1300")
    assert resting["state"] == "OPEN"

    server.kill()
    server.start()
    again = market(server, "replay-1")
    assert again is not None
    assert (again["state"], again["day"]) == ("paused", "2024-01-05")
    assert again["market_time"] >= resting["created_market"]
    (position,) = server.get("/api/v1/positions?account=paper-replay-1")[1]["items"]
    assert (position["key"], position["quantity"]) == (CALL, 15)
    (order,) = server.get("/api/v1/orders?account=paper-replay-1&state=open")[1]["items"]
    assert (order["id"], order["state"]) == (resting["id"], "OPEN")

    steer(server, "replay-1", action="play")
    eventually(lambda: server.get(f"/api/v1/quotes?market=replay-1&keys={CALL}")[1]["items"][0]["stale"] is False)
    assert trade(server, "paper-replay-1", "SELL")["state"] == "FILLED"
    (sold,) = [p for p in server.get("/api/v1/positions?account=paper-replay-1")[1]["items"] if p["key"] == CALL]
    assert sold["quantity"] == 0

    assert server.request("DELETE", "/api/v1/replays")[0] == 204
    assert market(server, "replay-1") is None
    (order,) = [o for o in server.get("/api/v1/orders?account=paper-replay-1")[1]["items"] if o["id"] == resting["id"]]
    assert order["state"] == "CANCELLED"
    status, problem = server.post(
        "/api/v1/orders",
        {"account": "paper-replay-1", "key": CALL, "side": "BUY", "quantity": 15, "type": "MARKET", "product": "NRML"},
    )
    assert status == 503, problem
    server.kill()
    server.start()
    assert market(server, "replay-1") is None
    assert accounts(server) == ["paper-sim", "paper-replay-1"]


def test_replay_when_started_anew_then_another_market_and_account_with_their_own_money(
    server: Sauda, files: list[Path]
) -> None:
    assert command("import", *files, data=server.data)[0] == 0
    server.start()
    server.post("/api/v1/replays", {"id": "2024-01-05", "speed": 60})
    eventually(lambda: server.get(f"/api/v1/quotes?market=replay-1&keys={CALL}")[1]["items"][0]["ltp"])
    trade(server, "paper-replay-1", "BUY")
    status, second = server.post("/api/v1/replays", {"id": "2024-01-04", "speed": 0})
    assert (status, second["id"], second["number"]) == (201, "replay-2", 3)
    assert accounts(server) == ["paper-sim", "paper-replay-1", "paper-replay-2"]
    assert server.get("/api/v1/positions?account=paper-replay-2")[1]["items"] == []
    assert server.get("/api/v1/funds?account=paper-replay-2")[1]["free"] == "500000.00"
    eventually(lambda: (market(server, "replay-2") or {})["state"] == "ended", 60)
    sought = steer(server, "replay-2", action="seek", to="2024-01-04T05:00:00Z")
    assert sought["market_time"].startswith("2024-01-04T05:0")
    wrong, problem = server.post("/api/v1/replays", {"id": "2020-02-02"})
    assert (wrong, problem["code"], problem["field"]) == (404, "replay.unknown", "id")
    assert market(server, "replay-2") is not None
    # a run that was only watched leaves no account behind in the list
    assert server.request("DELETE", "/api/v1/replays")[0] == 204
    assert accounts(server) == ["paper-sim", "paper-replay-1"]
    assert server.get("/health")[1]["status"] == "ok"


def test_commands_when_a_server_runs_then_it_takes_the_files_and_starts_the_replay(
    server: Sauda, files: list[Path], tmp_path: Path
) -> None:
    server.start()
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "notes.csv").write_text("name,age\nAsha,7\n", encoding="utf-8")
    code, said = command("import", files[0], files[2], folder, data=server.data)
    assert code == 1  # one of them is no market data
    assert "2 of 3 files taken in" in said
    assert "mislabelled, 29,522: " in said
    assert "notes.csv: The file was not taken: its columns are not those of any layout" in said
    reports = server.get("/api/v1/imports")[1]["items"]
    assert [report["state"] for report in reports] == ["failed", "done", "done"]
    code, said = command("replay", data=server.data)
    assert code == 0
    assert "2024-01-05  one-minute bars" in said
    code, said = command("replay", "2024-01-05", "--speed", "5", data=server.data)
    assert (code, "Replay of 05 Jan 2024 runs" in said) == (0, True)
    running = market(server, "replay-1")
    assert running is not None
    assert running["speed"] == 5.0


def test_command_when_no_server_runs_then_it_starts_with_the_replay(tmp_path: Path, files: list[Path]) -> None:
    data = tmp_path / "data"
    assert command("import", files[2], data=data)[0] == 0
    server = Sauda(data, free_port())
    process = subprocess.Popen(
        [
            sys.executable,
            *("-W", "error", "-m", "server.main", "replay", "2024-01-05", "--no-open"),
            *("--data", str(data), "--port", str(server.port)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    server.process = process  # type: ignore[assignment]  # only signals are sent to it
    try:
        assert process.stdout is not None
        assert "Sauda is ready" in process.stdout.readline()
        running = market(server, "replay-1")
        assert running is not None
        assert running["state"] == "running"
    finally:
        server.stop()
        process.stdout.close()  # type: ignore[union-attr]


def test_command_when_day_or_path_is_unknown_then_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("replay", "2024-01-05", data=tmp_path)[0] == 1
    assert "There is no recorded day 2024-01-05." in capsys.readouterr().err
    assert command("import", tmp_path / "nothing.csv", data=tmp_path)[0] == 1
    assert "There is no file or folder" in capsys.readouterr().err
    assert command("replay", data=tmp_path) == (0, "No recorded days yet. `sauda import PATH` takes files in.\n")
