"""Which account a read is asked of: those the user's rules name, in their order, then by score; the next when one
cannot answer.

Reads fall back freely (FEATURES B3). Orders never do: their account is the user's choice and stays it. A rule by
segment says where a ticket begins, and the ticket names the account before anything is sent.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from server.api.live import OrderRoute, ReadRoute, Routing
from server.app.live.links import Link
from server.app.live.rules import OPERATIONS, Operation, Rules
from server.app.live.usage import UsageLog
from server.brokers.kit.ports import Connection
from server.core.errors import Invalid, NotFound, RateLimited, Unavailable

__all__ = ("Router",)

T = TypeVar("T")


class Router:
    """Over all links.

    Args:
        rules: those in force.
    """

    def __init__(self, links: Mapping[str, Link], usage: UsageLog, rules: Callable[[], Rules]) -> None:
        self._links = links
        self._usage = usage
        self._rules = rules

    def order(self, operation: Operation, key: str) -> list[Link]:
        """Connected accounts that list the instrument, best first."""
        return [link for link in self._ranked(operation) if link.symbols.has(key)]

    def rank(self, operation: Operation) -> list[str]:
        """Accounts the rules name, in their order; the others are not ranked against each other."""
        return [name for name in self._rules().first(operation) if name in self._links]

    def told(self) -> Routing:
        """The rules and what they lead to now."""
        rules = self._rules()
        segments: dict[str, list[str]] = {}
        for link in self._links.values():
            for segment in link.adapter.manifest.segments:
                segments.setdefault(segment, []).append(link.name)
        return Routing(
            reads=[
                ReadRoute(
                    operation=operation,
                    order=self.rank(operation),
                    now=[link.name for link in self._ranked(operation)],
                )
                for operation in OPERATIONS
            ],
            orders=[
                OrderRoute(segment=segment, able=able, account=rules.orders.get(segment, ""))
                for segment, able in segments.items()
            ],
            revision=rules.revision,
        )

    async def read(self, operation: Operation, key: str, ask: Callable[[Connection], Awaitable[T]]) -> T:
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

    def _ranked(self, operation: Operation) -> list[Link]:
        named = self._rules().first(operation)

        def place(link: Link) -> tuple[int, float, str]:
            first = named.index(link.name) if link.name in named else len(named)
            return first, -self._usage.score(link.name).score, link.name

        return sorted((link for link in self._links.values() if link.state == "connected"), key=place)
