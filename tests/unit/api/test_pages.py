"""The app's own files: cached by hash, packed, never out of their folder; deep links get the shell."""

from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from server.api.errors import HANDLERS
from server.api.pages import Site


@pytest.fixture
def site(tmp_path: Path) -> TestClient[Litestar]:
    web = tmp_path / "web"
    (web / "app").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>Sauda</title>")
    (web / "sw.js").write_text("self.x = 1;")
    (web / "app" / "boot.js").write_text("export const a = 1;\n" * 100)
    (web / "tsconfig.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    app = Litestar(Site(web).handlers(), exception_handlers=HANDLERS, openapi_config=None, logging_config=None)
    return TestClient(app)


def test_file_has_type_etag_and_gzip(site: TestClient[Litestar]) -> None:
    answer = site.get("/app/boot.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text.startswith("export")
    again = site.get("/app/boot.js", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    assert not again.content


def test_deep_link_gets_the_shell(site: TestClient[Litestar]) -> None:
    assert "Sauda" in site.get("/orders/book").text


@pytest.mark.parametrize(
    "path", ["/missing.js", "/api/v1/nothing", "/../secret.txt", "/%2e%2e/secret.txt", "/tsconfig.json"]
)
def test_what_is_not_ours_is_not_found(site: TestClient[Litestar], path: str) -> None:
    assert "secret" not in site.get(path).text
    assert site.get(path).status_code == 404 or "<title>Sauda" in site.get(path).text


def test_precache_lists_files_with_hashes_but_not_the_worker(site: TestClient[Litestar]) -> None:
    listed = site.get("/precache.json").json()
    urls = {f["url"] for f in listed["files"]}
    assert urls == {"/index.html", "/app/boot.js"}
    assert listed["version"]
