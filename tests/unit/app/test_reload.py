"""Settings read again while running: whole or not at all, and what waits for a restart is named."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from server.app.reload import LIVE
from server.app.settings import Scenario, Settings
from server.core.errors import Invalid
from server.feeds.simulator.scenario import SCENARIOS
from tests.api_kit import Served
from tests.process import Sauda, eventually

RELOAD = "/api/v1/settings/reload"
BASE = "[market]\nstart = '2026-11-20'\nhistory_days = 0\n{market}\n[paper]\nlatency_ms = {latency}\n"
BASE += "[server]\nopen_browser = false\n{more}\n"


@pytest.fixture(scope="module")
def sauda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    level = logging.getLogger().level
    served = Served.open(tmp_path_factory.mktemp("reload") / "data")
    yield served
    served.close()
    logging.getLogger().setLevel(level)


def write(sauda: Served, market: str = "", latency: str = "0", more: str = "") -> Path:
    """The user's file."""
    file = sauda.data / "sauda.toml"
    file.write_text(BASE.format(market=market, latency=latency, more=more))
    return file


def market(sauda: Served) -> tuple[str, float]:
    """Scenario and speed."""
    state = sauda.get("/api/v1/markets")["items"][0]
    return state["scenario"], state["speed"]


def test_reload_when_nothing_changed_then_nothing_is_done(sauda: Served) -> None:
    write(sauda)
    assert sauda.send("POST", RELOAD) == {"applied": [], "restart": []}


def test_reload_when_values_are_right_then_applied_or_named_for_a_restart(sauda: Served) -> None:
    more = "[logging]\nlevel = 'DEBUG'\n[orders]\ntimeout_s = 7.5\nreconcile_s = 9.0\n[store]\nkeep_tick_days = 3"
    write(sauda, "speed = 5.0\nscenario = 'trend'\nseed = 99", "80", more)
    done = sauda.send("POST", RELOAD)
    assert sorted(done["applied"]) == [
        *("logging.level", "market.scenario", "market.speed", "orders.reconcile_s", "orders.timeout_s"),
        "store.keep_tick_days",
    ]
    assert sorted(done["restart"]) == ["market.seed", "paper.latency_ms"]
    assert market(sauda) == ("trend", 5.0)
    assert logging.getLogger().level == logging.DEBUG
    desk = sauda.runtime.orders.desk
    assert (desk.settings.submit_timeout, desk.settings.reconcile_every) == (7.5, 9.0)
    assert sauda.runtime.reloader.settings.store.keep_tick_days == 3
    # what waits for a restart is named again until there was one
    assert sauda.send("POST", RELOAD) == {"applied": [], "restart": done["restart"]}
    write(sauda)
    sauda.send("POST", RELOAD)
    assert market(sauda) == ("calm", 1.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("speed = 99.0", "line 4"),
        ("speed = 'fast'", "line 4"),
        ("speed = 7.0\nscenario = 'doom'", "line 5"),
        ("speed = 7.0\nspede = 7", "line 5"),
        ("speed = 7.0\nvolatility = ", "line 5"),
        ("speed = 7.0\nvolatility = 0.01", "olatility"),
    ],
)
def test_reload_when_one_value_is_wrong_then_none_is_taken(sauda: Served, text: str, words: str) -> None:
    before, kept = market(sauda), sauda.runtime.reloader.settings
    write(sauda, text, more="[orders]\ntimeout_s = 20.0\n[logging]\nlevel = 'ERROR'")
    problem = sauda.problem("POST", RELOAD)
    assert words in problem.detail
    assert problem.field
    assert problem.remedy
    assert market(sauda) == before
    assert sauda.runtime.reloader.settings is kept
    assert sauda.runtime.orders.desk.settings.submit_timeout != 20.0
    assert logging.getLogger().level != logging.ERROR
    write(sauda)


def test_names_when_listed_as_live_then_they_are_settings() -> None:
    names = {f"{t.name}.{f.name}" for t in msgspec.structs.fields(Settings) for f in msgspec.structs.fields(t.type)}
    assert set(LIVE) <= names
    assert set(get_args(Scenario)) == set(SCENARIOS)


def test_start_when_it_is_no_day_then_refused(tmp_path: Path) -> None:
    from server.app.settings import load_settings

    (tmp_path / "sauda.toml").write_text("[market]\nstart = '2026-13-40'\n")
    with pytest.raises(Invalid) as wrong:
        load_settings(tmp_path, {}, {})
    assert wrong.value.field == "market.start"


@pytest.mark.skipif(sys.platform == "win32", reason="not run: Windows has no SIGHUP")
def test_hangup_when_the_file_changed_then_read_again_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    server = Sauda(tmp_path / "data").start()
    try:
        assert server.process is not None
        file = tmp_path / "data" / "sauda.toml"
        file.write_text("[market]\nspeed = 3.0\n")
        os.kill(server.process.pid, signal.SIGHUP)
        eventually(lambda: server.get("/api/v1/markets")[1]["items"][0]["speed"] == 3.0)
        file.write_text("[market]\nspeed = 300.0\n")
        os.kill(server.process.pid, signal.SIGHUP)
        eventually(lambda: any("line 2" in a["text"] for a in server.get("/api/v1/overview")[1]["alerts"]))
        assert server.get("/api/v1/markets")[1]["items"][0]["speed"] == 3.0
    finally:
        server.stop()
