"""Debian's Chromium through Playwright, with the flags that keep it off the network; shared by tests/web and e2e."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Playwright

__all__ = ("DESKTOP", "FLAGS", "PHONE", "chromium_path", "launch")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PHONE: dict[str, Any] = {
    "viewport": {"width": 412, "height": 915},
    "device_scale_factor": 2.625,
    "has_touch": True,
    "is_mobile": True,
}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}


def chromium_path() -> str:
    """Where Chromium is; `make test` installs Debian's package when none is found."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise RuntimeError("No Chromium found: run `make test`, or install Debian's package chromium.")


@contextmanager
def launch(playwright: Playwright) -> Iterator[Browser]:
    """A headless browser with a throw-away profile."""
    browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS, headless=True)
    try:
        yield browser
    finally:
        browser.close()
