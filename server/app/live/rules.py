"""The router's rules as the user sets them: whom a read is asked of first, and where a segment's tickets begin.

Kept as the setting `routing`; before there is one, `live.prefer` of the settings file stands. They act at once: on the
next read, and on the next tick of each price.
"""

from collections.abc import Callable, Mapping
from typing import Literal, get_args

import msgspec

from server.api.live import RoutingAsked
from server.app.live.links import Link
from server.core.clock import Clock
from server.core.errors import Conflict, Invalid
from server.domain.journal import Entry, SettingChanged
from server.storage.store import Storage

__all__ = ("OPERATIONS", "Operation", "Rules", "RulesKept")

Operation = Literal["quotes", "history"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
_SETTING = "routing"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts by operation in the user's order, and by segment for orders."""

    quotes: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    orders: dict[str, str] = {}
    revision: int = 0

    def first(self, operation: Operation) -> tuple[str, ...]:
        """Accounts asked first; the others follow by score."""
        return self.quotes if operation == "quotes" else self.history


class RulesKept:
    """Holds the rules in force.

    Args:
        prefer: `live.prefer` of the settings: account by operation.
        on_change: called once after each change, and at the start.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        links: Mapping[str, Link],
        prefer: Mapping[str, str],
        on_change: Callable[[], None],
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._links = links
        self._on_change = on_change
        named = {name: (account,) for name, account in prefer.items() if name in OPERATIONS}
        self.rules = msgspec.convert(named, Rules)

    async def load(self) -> None:
        """Read what the user has set."""
        kept = await self._storage.settings.get(_SETTING, None)
        if kept is not None:
            self.rules = msgspec.convert(kept, Rules)
        self._on_change()

    async def change(self, asked: RoutingAsked) -> None:
        """Take new rules, all or none; raises Invalid naming the field, Conflict when they changed meanwhile."""
        if asked.revision != self.rules.revision:
            raise Conflict(
                "The rules have been changed meanwhile.",
                code="routing.revision",
                field="revision",
                remedy="Look at them as they are now, then change them.",
            )
        for operation in OPERATIONS:
            self._check_order(operation, getattr(asked, operation))
        for segment, account in asked.orders.items():
            self._check_segment(segment, account)
        rules = Rules(
            quotes=tuple(asked.quotes),
            history=tuple(asked.history),
            orders=dict(asked.orders),
            revision=asked.revision + 1,
        )
        payload = SettingChanged(name=_SETTING, value=msgspec.to_builtins(rules))
        await self._storage.journal.commit(
            Entry(at=self._clock.now(), actor="owner", subject=_SETTING, payload=payload)
        )
        self.rules = rules
        self._on_change()

    def _check_order(self, operation: str, accounts: list[str]) -> None:
        for place, account in enumerate(accounts):
            self._check_account(account, f"{operation}[{place}]")
            if account in accounts[:place]:
                raise Invalid(
                    f"{self._links[account].account.title} is named twice.",
                    code="routing.twice",
                    field=f"{operation}[{place}]",
                    value=account,
                    remedy="Name each account once.",
                )

    def _check_segment(self, segment: str, account: str) -> None:
        field = f"orders.{segment[:20]}"
        self._check_account(account, field)
        link = self._links[account]
        trades = link.adapter.manifest.segments
        if segment not in trades:
            raise Invalid(
                f"{link.account.title} does not trade {segment[:20]}; it trades {', '.join(trades)}.",
                code="routing.segment",
                field=field,
                value=account,
                remedy="Choose another account, or leave the segment to the account in use.",
            )

    def _check_account(self, account: str, field: str) -> None:
        if account not in self._links:
            raise Invalid(
                f"There is no live account {account[:40]!r}.",
                code="routing.account",
                field=field,
                value=account[:40],
                remedy="Use one of: " + ", ".join(self._links) + "." if self._links else "Connect a broker first.",
            )
