"""Browser journeys run against a real server with a data folder of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser import DESKTOP, PHONE, launch
from tests.process import Sauda, open_market

expect.set_options(timeout=15_000)  # a small machine may be busy; what is awaited must still come


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with launch(playwright) as running:
        yield running


@pytest.fixture
def sauda(tmp_path: Path) -> Iterator[Sauda]:
    """A fresh server: first start, empty folder."""
    server = Sauda(tmp_path / "data", paper__latency_ms=0).start()
    open_market(server)
    yield server
    server.stop()


@pytest.fixture
def open_page(browser: Browser, sauda: Sauda) -> Iterator[Callable[..., Page]]:
    """Open the app: `open_page("phone", "/orders", dark=True)`; fails on any console error."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(device: str = "desktop", path: str = "/", *, dark: bool = False) -> Page:
        options = PHONE if device == "phone" else DESKTOP
        context = browser.new_context(**options, color_scheme="dark" if dark else "light", reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(sauda.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints, complaints
