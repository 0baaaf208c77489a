"""Which account a read is asked of: the one settings name first, then by score; the next when one cannot answer.

Reads fall back freely (FEATURES B3). Orders never do: their account is the user's choice and stays it.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from server.app.live.links import Link
from server.app.live.usage import UsageLog
from server.brokers.kit.ports import Connection
from server.core.errors import Invalid, NotFound, RateLimited, Unavailable

__all__ = ("Router",)

T = TypeVar("T")


class Router:
    """Over all links.

    Args:
        prefer: account by operation (`history`, `quotes`, `chain`), from the settings.
    """

    def __init__(self, links: Mapping[str, Link], usage: UsageLog, prefer: Mapping[str, str]) -> None:
        self._links = links
        self._usage = usage
        self._prefer = dict(prefer)

    def order(self, operation: str, key: str) -> list[Link]:
        """Connected accounts that list the instrument, best first."""
        able = [link for link in self._links.values() if link.state == "connected" and link.symbols.has(key)]
        first = self._prefer.get(operation, "")
        return sorted(able, key=lambda link: (link.name != first, -self._usage.score(link.name), link.name))

    async def read(self, operation: str, key: str, ask: Callable[[Connection], Awaitable[T]]) -> T:
        """Ask one after the other until one answers; raises Unavailable naming what each said."""
        said = []
        for link in self.order(operation, key):
            if link.connection is None:
                continue
            try:
                return await ask(link.connection)
            except (Unavailable, RateLimited, NotFound, Invalid, OSError, TimeoutError) as error:
                said.append(f"{link.account.title}: {error}")
        raise Unavailable(
            f"No connected broker can tell {operation} of {key}. {' '.join(said)}".strip(),
            code="router.nobody",
            field="key",
            remedy="Connect an account that lists it, or try again.",
        )
