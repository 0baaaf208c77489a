"""Addresses and headers full of rubbish: every GET of the API, every parameter, one at a time, over HTTP.

Each answer is a proper one or a refusal in the one shape, short, with what to do; nothing is stored, not even a line
in the audit log, for a question changes nothing.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from server.core.errors import Problem
from tests.api_kit import Served

JUNK = [
    "",
    "%00",
    "%0A",
    "%E2%80%AE",
    "%FF%FE",
    "null",
    "NaN",
    "-1",
    "0",
    "1.5",
    "1e400",
    "9" * 40,
    "' OR 1=1 --",
    "../../etc/passwd",
    "%2e%2e%2f%2e%2e%2f",
    "a" * 5_000,
    "٣",
    "ＲＥＬＩＡＮＣＥ",
    "2026-13-45",
    "0001-01-01",
    "9999-12-31",
    "<script>",
    "{}",
]
NEEDED = {"keys": "NSE:RELIANCE", "key": "NSE:RELIANCE", "interval": "1m", "underlying": "NIFTY"}


@pytest.fixture(scope="module")
def sauda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served.open(tmp_path_factory.mktemp("addresses") / "data")
    yield served
    served.close()


@pytest.fixture(scope="module")
def paths(sauda: Served) -> dict[str, Any]:
    """What the server says of itself."""
    found: dict[str, Any] = sauda.get("/docs/openapi.json")["paths"]
    assert len(found) > 60
    return found


def address(path: str, parameters: list[dict[str, Any]], name: str = "", value: str = "") -> str:
    """The path with a parameter as given and the others as they should be."""
    query = []
    for one in parameters:
        given = value if one["name"] == name else NEEDED.get(one["name"], "sim" if one["in"] == "path" else None)
        if one["in"] == "path":
            path = path.replace("{" + one["name"] + "}", given or "")
        elif one["name"] == name or one.get("required"):
            query.append(f"{one['name']}={given}")
    return path + ("?" + "&".join(query) if query else "")


def proper(sauda: Served, method: str, path: str, **options: Any) -> None:
    """Fails unless the answer is a proper one or a proper refusal."""
    answer = sauda.ask(method, path, **options)
    told = f"{method} {path[:120]}: {answer.status_code} {answer.text[:200]}"
    assert answer.status_code < 500, told
    if answer.status_code < 400:
        return
    assert answer.headers["content-type"] == "application/problem+json", told
    if method == "HEAD":
        return
    problem = msgspec.json.decode(answer.content, type=Problem, strict=True)
    assert problem.status == answer.status_code, told
    assert problem.code and problem.detail, told
    assert len(problem.detail) <= 300 and len(problem.value) <= 300, told
    if problem.status in (400, 422):
        assert problem.field and problem.remedy, told


def test_every_parameter_of_every_question(sauda: Served, paths: dict[str, Any]) -> None:
    before = sauda.get("/api/v1/audit", limit=1)["items"][0]["seq"]
    asked = 0
    for path, methods in paths.items():
        parameters = methods.get("get", {}).get("parameters", [])
        for one in parameters:
            for junk in JUNK:
                proper(sauda, "GET", address(path, parameters, one["name"], quote(junk, safe="%")))
                asked += 1
    assert asked > 60 * len(JUNK)
    assert sauda.get("/api/v1/audit", limit=1)["items"][0]["seq"] == before, "a question leaves no line"


def test_every_question_with_what_does_not_belong_there(sauda: Served, paths: dict[str, Any]) -> None:
    for path, methods in paths.items():
        if "get" not in methods:
            continue
        parameters = methods["get"].get("parameters", [])
        plain = address(path, parameters)
        proper(sauda, "GET", plain + ("&" if "?" in plain else "?") + "bogus=1&bogus=2")
        proper(sauda, "GET", plain, headers={"accept": "text/csv"})
        proper(sauda, "GET", plain, content=b'{"x": 1}')
        proper(sauda, "HEAD", plain)
        twice = [f"{p['name']}=a&{p['name']}=b" for p in parameters if p["in"] == "query"]
        if twice:
            proper(sauda, "GET", f"{path.partition('{')[0]}?{'&'.join(twice)}")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO"])
def test_every_address_with_a_method_it_has_not(sauda: Served, paths: dict[str, Any], method: str) -> None:
    for path, methods in paths.items():
        if method.lower() not in methods:
            proper(sauda, method, path.replace("{", "").replace("}", ""))


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/server/main.py",
        "//evil.example",
        "/api/v2/x",
        "/.git/config",
        "/app/%00",
        "/\\..\\x",
    ],
)
def test_address_that_leads_nowhere_gives_the_shell_or_nothing_never_a_file(sauda: Served, path: str) -> None:
    answer = sauda.ask("GET", path)
    assert answer.status_code in (200, 404)
    if answer.status_code == 200:  # the app's own page, which says that there is no such page
        assert answer.content == sauda.ask("GET", "/").content


def test_a_name_of_thousands_of_characters_is_not_sent_back(sauda: Served) -> None:
    problem = sauda.problem("GET", "/api/v1/orders?account=" + "x" * 5_000, status=404)
    assert len(problem.detail) <= 300
    assert problem.detail.startswith("There is no account")
