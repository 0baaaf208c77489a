"""The first live order of a day is read back, whichever door it comes through, and nothing is sent before that."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api_kit import ACCOUNT, Served, order

KEY = "NSE:RELIANCE"
LIMIT = {"account": ACCOUNT, "key": KEY, "side": "BUY", "quantity": 10, "product": "MIS", "type": "LIMIT"}
LEG = {"key": KEY, "side": "BUY", "quantity": 1, "type": "MARKET", "product": "MIS"}
TRIGGER = {"side": "BUY", "quantity": 1, "trigger": "2000.00", "price": "2000.00"}
DOORS: list[tuple[str, dict[str, Any]]] = [
    ("/api/v1/orders", order()),
    ("/api/v1/baskets", {"account": ACCOUNT, "name": "Two", "legs": [LEG, LEG]}),
    ("/api/v1/parents", {**LIMIT, "kind": "iceberg", "price": "1000.00", "slice": 5}),
    ("/api/v1/triggers", {"account": ACCOUNT, "key": KEY, "product": "CNC", "kind": "single", "legs": [TRIGGER]}),
    ("/api/v1/positions/exit", {"account": ACCOUNT, "key": KEY, "product": "MIS"}),
    ("/api/v1/strategies/{id}/send", {"type": "MARKET"}),
    ("/api/v1/strategies/{id}/close", {"type": "MARKET"}),
    ("/api/v1/strategies/{id}/adjust", {"kind": "hedge", "type": "MARKET"}),
]


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Sauda whose account has to confirm first, with a draft kept."""
    folder: Path = tmp_path_factory.mktemp("sauda") / "data"
    served = Served.open(folder)
    served.advance(20)
    ask: Callable[[str], str] = lambda account: f"The first of today in {account}."  # noqa: E731
    object.__setattr__(served.runtime.context, "read_back", ask)
    yield served
    served.close()


@pytest.fixture(scope="module")
def strategy(asking: Served) -> str:
    made = asking.send("POST", "/api/v1/options/templates/long_call", {"underlying": "NIFTY", "expiry": "2026-12-01"})
    legs = [{name: leg[name] for name in ("key", "side", "lots")} for leg in made["legs"]]
    body = {"account": ACCOUNT, "name": "Mine", "legs": legs}
    found: str = asking.send("POST", "/api/v1/strategies", body, 201)["strategy"]["id"]
    return found


@pytest.mark.parametrize(("path", "body"), DOORS, ids=[path for path, _ in DOORS])
def test_door_when_nothing_was_confirmed_today_then_read_back_and_nothing_sent(
    asking: Served, strategy: str, path: str, body: dict[str, Any]
) -> None:
    problem = asking.problem("POST", path.replace("{id}", strategy), body, 409)
    assert (problem.code, problem.detail) == ("order.read_back", f"The first of today in {ACCOUNT}.")
    assert problem.value == ACCOUNT
    assert asking.get("/api/v1/orders")["items"] == []
    assert asking.get("/api/v1/triggers")["items"] == []
