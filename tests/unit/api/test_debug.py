"""Development routes are there in development, and nowhere else; what they show holds no secret."""

from collections.abc import Iterator

import pytest

from server.api.debug import ROUTES
from server.app.settings import Server
from server.core.logs import recent
from tests.api_kit import Served

PATHS = sorted(path for route in ROUTES for path in route.paths)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Sauda in development mode."""
    folder = tmp_path_factory.mktemp("workshop") / "data"
    served = Served.open(folder, server=Server(mode="development", open_browser=False))
    yield served
    served.close()


def test_production_when_asked_for_any_of_them_then_404(sauda: Served) -> None:
    assert PATHS == ["/debug/health", "/debug/logs", "/debug/profiler", "/test/mock-data"]
    for path in (*PATHS, "/debug/anything", "/test/reset-cache"):
        for method in ("GET", "POST"):
            assert sauda.ask(method, path).status_code in (404, 405), f"{method} {path}"
    listed = sauda.get("/docs/openapi.json")["paths"]
    assert not [path for path in listed if path.startswith(("/debug", "/test"))]


def test_health_when_in_development_then_tasks_and_parts(workshop: Served) -> None:
    seen = workshop.get("/debug/health")
    assert {"part:market", "part:orders"} <= set(seen["tasks"])
    assert "MainThread" in seen["threads"]
    assert (seen["journal"], {p["state"] for p in seen["parts"]}) == ("ok", {"running"})
    assert seen["events"] > 5


def test_logs_when_in_development_then_newest_first(workshop: Served) -> None:
    recent.extend([{"event": "older"}, {"event": "newer"}])
    assert [item["event"] for item in workshop.get("/debug/logs", limit=2)["items"]] == ["newer", "older"]
    assert workshop.problem("GET", "/debug/logs?limit=0").field == "limit"


def test_profiler_when_watching_then_samples_of_the_loop(workshop: Served) -> None:
    seen = workshop.get("/debug/profiler", seconds=0.2)
    assert seen["samples"] > 0
    assert sum(item["alone"] for item in seen["items"]) <= seen["samples"]
    assert all(item["within"] >= item["alone"] for item in seen["items"])
    assert workshop.problem("GET", "/debug/profiler?seconds=31").field == "seconds"


def test_mock_data_when_asked_then_real_paper_orders(workshop: Served) -> None:
    capital = float(workshop.get("/api/v1/funds")["capital"])
    done = workshop.send("POST", "/test/mock-data")
    assert (done["deposited"], done["refused"]) == ("100000.00", [])
    assert float(workshop.get("/api/v1/funds")["capital"]) == capital + 100_000
    assert [o["state"] for o in done["orders"]] == ["FILLED", "FILLED", "FILLED", "OPEN"]
    for made in done["orders"]:
        assert workshop.get(f"/api/v1/orders/{made['id']}")["order"]["tag"] == "mock"
    assert workshop.send("POST", "/api/v1/audit/verify")["ok"]


def test_mock_data_when_the_market_is_closed_then_says_what_was_refused(workshop: Served) -> None:
    workshop.send("POST", "/api/v1/markets/sim/control", {"action": "seek", "to": "2026-11-20T10:11:00Z"})
    workshop.advance(1)
    done = workshop.send("POST", "/test/mock-data")
    assert done["orders"] == []
    assert {p["code"] for p in done["refused"]} == {"order.closed"}
