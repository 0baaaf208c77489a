"""Session, health, the System page, audit, backups, watchlists and preferences over HTTP."""

import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.api_kit import ACCOUNT, Served

WATCHLISTS, PREFERENCES, AUDIT, BACKUPS = (
    "/api/v1/watchlists",
    "/api/v1/preferences",
    "/api/v1/audit",
    "/api/v1/backups",
)


def test_session_when_read_then_what_a_client_needs_first(sauda: Served) -> None:
    seen = sauda.get("/api/v1/session")
    assert [(a["id"], a["mode"], a["market"]) for a in seen["accounts"]] == [(ACCOUNT, "PAPER", "sim")]
    assert seen["default_account"] == ACCOUNT
    assert [(m["id"], m["kind"], m["label"]) for m in seen["markets"]] == [("sim", "simulated", "Simulated market")]
    assert (seen["mode"], seen["timezone"], seen["heartbeat"]) == ("production", "Asia/Kolkata", 2.0)
    assert len(seen["boot"]) == 16


def test_health_and_ready_when_all_is_well_then_200(sauda: Served) -> None:
    for path in ("/health", "/ready"):
        seen = sauda.get(path)
        assert (seen["status"], seen["journal"]) == ("ok", "ok")
        assert {p["state"] for p in seen["parts"]} == {"running"}
        assert all(p["restarts"] == 0 and p["since"].endswith("Z") for p in seen["parts"])


def test_system_when_read_then_intake_latency_storage_and_events(sauda: Served) -> None:
    sauda.order()
    seen = sauda.get("/api/v1/system")
    intake = seen["markets"][0]["intake"]
    assert intake["ticks"] >= intake["kept"] > 1_000
    assert seen["latency"]["order"]["n"] >= 1
    assert seen["latency"]["commit"]["n"] >= 3
    assert seen["storage"]["journal_rows"] > 3
    assert seen["devices"]["cpus"] >= 1
    assert seen["devices"]["ram_total_mb"] > seen["devices"]["ram_mb"] > 0
    assert {e["topic"] for e in seen["events"]} >= {"part", "order", "fill"}
    assert [e["seq"] for e in seen["events"]] == sorted((e["seq"] for e in seen["events"]), reverse=True)
    assert seen["data"] == str(sauda.data)


def test_audit_when_paged_then_the_whole_chain_in_plain_words(sauda: Served) -> None:
    placed = sauda.order(quantity=2)
    whole = sauda.get(AUDIT, limit=500)["items"]
    assert [line["seq"] for line in whole] == list(range(whole[0]["seq"], 0, -1))
    for limit in (1, 4):
        assert sauda.pages(AUDIT, limit) == whole
    of_order = sauda.get(AUDIT, subject=placed["id"])["items"]
    assert 2 <= len(of_order) < len(whole)
    assert of_order[-1]["text"] == "Asked to buy 2 RELIANCE at market on paper"
    assert all(line["text"] and len(line["hash"]) == 64 for line in whole)


def test_audit_when_verified_then_the_head_is_the_newest_line(sauda: Served) -> None:
    verdict = sauda.send("POST", f"{AUDIT}/verify")
    newest = sauda.get(AUDIT, limit=1)["items"][0]
    assert verdict == {"ok": True, "entries": newest["seq"], "head": newest["hash"], "problem": None}


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "before=-1", f"before={2**63}", "subject=" + "x" * 101])
def test_audit_when_a_parameter_is_wrong_then_it_is_named(sauda: Served, query: str) -> None:
    assert sauda.problem("GET", f"{AUDIT}?{query}").field == query.split("=")[0]


def test_backup_when_asked_then_written_and_never_over_another_file(sauda: Served, tmp_path: Path) -> None:
    done = sauda.send("POST", BACKUPS, {})
    assert Path(done["file"]).parent == sauda.data / "backups"
    assert Path(done["file"]).stat().st_size == done["bytes"]
    named = tmp_path / "mine.tar.gz"
    sauda.send("POST", BACKUPS, {"file": str(named)})
    with tarfile.open(named) as archive:
        assert "sauda.db" in archive.getnames()
    assert sauda.problem("POST", BACKUPS, {"file": str(named)}, 409).code == "backup.exists"
    into = sauda.send("POST", BACKUPS, {"file": str(tmp_path)})
    assert Path(into["file"]).parent == tmp_path


@pytest.mark.parametrize("file", ["here.tar.gz", "../x", "\x00", "a\nb", "x" * 1_001, 5])
def test_backup_when_the_place_is_none_then_refused(sauda: Served, file: object) -> None:
    assert sauda.problem("POST", BACKUPS, {"file": file}).field == "file"


def test_backup_when_the_place_cannot_be_written_then_says_so(sauda: Served, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    problem = sauda.problem("POST", BACKUPS, {"file": str(tmp_path / "file" / "inside.tar.gz")}, 503)
    assert problem.remedy


def test_watchlists_when_new_then_some_to_start_with_and_replaced_whole(sauda: Served) -> None:
    first = sauda.get(WATCHLISTS)["items"]
    assert [w["id"] for w in first] == ["index", "shares", "banks"]
    for key in {key for w in first for key in w["keys"]}:
        assert sauda.ask("GET", f"/api/v1/instruments/{key}").status_code == 200
    mine = {"items": [{"id": "mine", "name": "Mine", "keys": ["NSE:ITC", "NSE:GONE"]}]}
    assert sauda.send("PUT", WATCHLISTS, mine)["items"] == mine["items"]
    assert sauda.get(WATCHLISTS)["items"] == mine["items"]
    assert sauda.send("PUT", WATCHLISTS, {"items": []})["items"] == []
    assert sauda.get(WATCHLISTS)["items"] == []


def watchlist(**change: Any) -> dict[str, Any]:
    """A watchlist with one key."""
    return {"id": "a", "name": "A", "keys": ["NSE:ITC"], **change}


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([watchlist(), watchlist()], "items"),
        ([watchlist(id=str(n)) for n in range(21)], "items"),
        ([watchlist(name="")], "items[0].name"),
        ([watchlist(name="x" * 61)], "items[0].name"),
        ([watchlist(name="a\nb")], "items[0].name"),
        ([watchlist(keys=["x"] * 201)], "items[0].keys"),
        ([watchlist(keys=["x" * 61])], "items[0].keys[0]"),
        ([watchlist(keys=[1])], "items[0].keys[0]"),
        ([watchlist(colour="red")], "items[0].colour"),
        ({}, "items"),
    ],
)
def test_watchlists_when_one_is_wrong_then_all_stay_as_they_were(sauda: Served, items: Any, field: str) -> None:
    before = sauda.get(WATCHLISTS)
    assert sauda.problem("PUT", WATCHLISTS, {"items": items}).field.startswith(field)
    assert sauda.get(WATCHLISTS) == before


def test_preferences_when_kept_then_come_back_as_they_were(sauda: Served) -> None:
    values = {"theme": "dark", "note": "line\nbreak", "big": 2**70, "half": 0.5, "list": [1, None, {"a": True}]}
    sauda.send("PUT", PREFERENCES, {"values": values})
    assert sauda.get(PREFERENCES)["values"] == values
    assert sauda.get("/api/v1/session")["preferences"] == values


def test_preferences_when_above_64_kb_then_refused_and_the_old_ones_stay(sauda: Served) -> None:
    sauda.send("PUT", PREFERENCES, {"values": {"a": "x" * (64_000 - 8)}})
    problem = sauda.problem("PUT", PREFERENCES, {"values": {"a": "x" * (64_000 - 7)}})
    assert (problem.code, problem.field, problem.limit, problem.value) == (
        "preferences.size",
        "values",
        "64000",
        "64001",
    )
    assert len(sauda.get(PREFERENCES)["values"]["a"]) == 64_000 - 8
    assert sauda.problem("PUT", PREFERENCES, {"values": []}).field == "values"
    assert sauda.problem("PUT", PREFERENCES, {}).field == "values"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/v1/nope", 404), ("PUT", "/api/v1/orders", 405)])
def test_addresses_when_there_is_nothing_then_the_one_shape(sauda: Served, method: str, path: str, status: int) -> None:
    assert sauda.problem(method, path, status=status).remedy
