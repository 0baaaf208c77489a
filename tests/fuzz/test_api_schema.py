"""Schemathesis over the whole API of a real server: no 5xx, and every 4xx in the one error shape."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.routes import HTTPRoute
from schemathesis import GenerationMode
from schemathesis.openapi import from_url

from server.core.errors import Problem
from tests.api_kit import Served
from tests.process import Sauda

EXAMPLES = 400 if os.environ.get("SAUDA_LONG") else 8


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sauda]:
    running = Sauda(tmp_path_factory.mktemp("fuzz") / "data", paper__latency_ms=0).start()
    yield running
    running.stop()


@pytest.mark.timeout(3_600 if os.environ.get("SAUDA_LONG") else 600)  # grows with the API
def test_whatever_is_sent_gets_a_proper_answer(server: Sauda) -> None:
    # backups write files where the caller says; their own test gives them a place
    schema = from_url(server.url + "/docs/openapi.json").exclude(path_regex="/api/v1/backups")
    operations = [_sound(found) for found in schema.get_all_operations()]
    told = server.get("/docs/openapi.json")[1]["paths"]
    assert len(operations) == sum(len(methods) for path, methods in told.items() if path != "/api/v1/backups")
    for operation in operations:
        _fuzz(operation, server.url)


def test_nothing_is_answered_that_the_schema_does_not_tell(tmp_path: Path) -> None:
    """Every route of the API is in the schema, and so among what is fuzzed."""
    served = Served.open(tmp_path / "data", trading=False)
    try:
        whole: Any = served.runtime.app()
        paths = served.get("/docs/openapi.json")["paths"]
        told = {
            (re.sub(r"\{\w+\}", "*", path), method.upper()) for path, methods in paths.items() for method in methods
        }
        answered = {
            (re.sub(r"\{[^}]+\}", "*", route.path), method)
            for route in whole._app.routes  # behind the short way of an order
            if isinstance(route, HTTPRoute) and route.path.startswith("/api/")
            for method in route.methods - {"OPTIONS", "HEAD"}
        }
    finally:
        served.close()
    assert {one for one in told if one[0].startswith("/api/")} == answered
    assert len(answered) > 80


def _sound(found: Any) -> Any:
    """The operation; a part of the schema that cannot be read is a failure."""
    return found.ok()


def _fuzz(operation: Any, url: str) -> None:
    """Send cases of one operation, right and wrong ones."""

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode)))
    def send(case: Any) -> None:
        answer = case.call(base_url=url)
        told = f"{case.method} {case.formatted_path} {case.body!r}: {answer.status_code} {answer.text[:300]}"
        assert answer.status_code < 500 or answer.status_code == 503, told
        if answer.status_code in (414, 431):
            return  # the HTTP layer's own: the address was too long to be read at all
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == ["application/problem+json"], told
            problem = msgspec.json.decode(answer.content, type=Problem, strict=True)
            assert problem.status == answer.status_code, told
            assert problem.code and problem.detail, told

    send()


def test_the_server_is_unharmed_afterwards(server: Sauda, tmp_path: Path) -> None:
    assert server.get("/health")[1]["status"] == "ok"
    status, verdict = server.post("/api/v1/audit/verify", {})
    assert status == 200
    assert verdict["ok"], verdict
