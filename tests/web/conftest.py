"""Web modules in a real browser without a server: files are answered by the test itself, so nothing is ever fetched."""

import mimetypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from tests.browser import DESKTOP, PHONE, launch
from tests.web.touch import until

ORIGIN = "https://sauda.test"
ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"web": ROOT / "web", "icons": ROOT / "web/icons", "stage": Path(__file__).parent / "stage"}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as running, launch(running) as started:
        yield started


def answer(route: Route) -> None:
    """Give a file of `web/` or of the stage; anything else is a 404."""
    folder, _, rest = urlparse(route.request.url).path.lstrip("/").partition("/")
    base = FOLDERS.get(folder)
    path = (base / rest).resolve() if base else None
    if base is None or path is None or not path.is_relative_to(base.resolve()) or not path.is_file():
        route.fulfill(status=404, body="")
        return
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    route.fulfill(body=path.read_bytes(), content_type=kind, headers={"Content-Security-Policy": CSP})


# what the real server sends, so that a style attribute or innerHTML fails here already
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; require-trusted-types-for 'script'; trusted-types app"
)


@contextmanager
def stages(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opener of stage pages; fails on any error in their consoles."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(name: str, device: str = "desktop", *, dark: bool = False, **options: Any) -> Page:
        settings = {**(PHONE if device == "phone" else DESKTOP), **options}
        context = browser.new_context(**settings, color_scheme="dark" if dark else "light")
        contexts.append(context)
        context.route("**/*", answer)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(f"{ORIGIN}/stage/{name}")
        until(page, "window.ready === true")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints, complaints


@pytest.fixture
def stage(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page of tests/web/stage: `stage("chart.html", "phone", dark=True)`."""
    with stages(browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def module_stage(browser: Browser) -> Iterator[Callable[..., Page]]:
    """The same, kept for all tests of a module."""
    with stages(browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def ask(module_stage: Callable[..., Page]) -> Callable[..., Any]:
    """Run a JavaScript body against one model module: `ask("bars", "return ...", argument)`."""
    page = module_stage("chart.html")

    def run(module: str, body: str, argument: Any = None) -> Any:
        return page.evaluate(
            f"async (a) => {{ const m = await import('/web/chart/{module}.js'); const {{ stage }} = window; {body} }}",
            argument,
        )

    return run
