"""Runs a JavaScript body against one module of `web/` in the browser."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

__all__ = ("Call", "caller")

Call = Callable[..., Any]


def caller(page: Page) -> Call:
    """`call("format/numbers.js", "return m.price(a)", 1.5)`: `m` is the module, `a` the argument."""

    def call(module: str, body: str, argument: Any = None) -> Any:
        return page.evaluate(
            f"""async (a) => {{ const m = await import('/web/{module}'); {body} }}""",
            argument,
        )

    return call
