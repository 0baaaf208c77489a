"""The strategies of all accounts: on disk before anybody is told, in memory for those that live.

Every change is one journal entry that carries the finished strategy, written through the order path's own recorder,
so that it stands in line with orders and fills and stops when the journal does (law 9).
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from server.core.errors import Conflict, NotFound
from server.domain.events import ListChanged
from server.domain.journal import StrategyChanged
from server.domain.orders import Product
from server.orders.desk import SYSTEM, Desk, Done
from server.strategies.ports import StrategyRows
from server.strategies.strategy import OPEN_STATES, SHOWN_STATES, Strategy

__all__ = ("StrategyBook",)

_LIVE = ("DRAFT", "PENDING", "ACTIVE")
_EDITABLE = frozenset({"name", "note", "product", "stop_minor", "target_minor", "alerts"})
"""What a user edits: only a change of these makes an edit of what stood before them a conflict."""
_RECENT = 500


class StrategyBook:
    """See the module's text."""

    def __init__(self, desk: Desk, rows: StrategyRows) -> None:
        self._desk = desk
        self._rows = rows
        self._live: dict[str, Strategy] = {}
        self.seen: dict[str, int] = {}
        """Newest trade looked at, by account: its journal entry."""
        self.left_alone: dict[tuple[str, str, str], int] = {}
        """Units the user took out of strategies, by (account, key, product): not grouped again by themselves."""

    async def load(self, accounts: Iterable[str]) -> None:
        """Begin with what is on disk."""
        kept = [_strategy(row.body) for row in await self._rows.load_all(_LIVE)]
        self._live = {one.id: one for one in kept}
        self.seen, self.left_alone = {}, {}
        for account in accounts:
            # any state: a closed strategy may be the one that saw the newest trade
            recent = [_strategy(row.body) for row in await self._rows.page(account, limit=_RECENT)]
            if recent:
                self.seen[account] = max(one.seen for one in recent)
            for one in reversed(recent):
                if one.state == "UNGROUPED":
                    for leg in one.held:
                        self.left_alone[account, leg.key, leg.product] = leg.quantity

    def live(self, account: str | None = None, states: tuple[str, ...] = OPEN_STATES) -> list[Strategy]:
        """Strategies in memory, oldest first."""
        return [
            one
            for _, one in sorted(self._live.items())
            if one.state in states and (account is None or one.account == account)
        ]

    def find(self, strategy_id: str) -> Strategy | None:
        """One in memory."""
        return self._live.get(strategy_id)

    async def get(self, strategy_id: str) -> Strategy:
        """One, living or not; raises NotFound."""
        found = self._live.get(strategy_id)
        if found is None:
            try:
                found = _strategy((await self._rows.get(strategy_id)).body)
            except NotFound:
                found = None
        if found is None or found.state not in SHOWN_STATES:
            raise NotFound(
                f"There is no strategy {strategy_id[:40]!r}.",
                code="strategy.not_found",
                field="id",
                value=strategy_id[:40],
                remedy="Read the list again.",
            )
        return self._live.get(strategy_id, found)

    async def page(self, account: str, states: tuple[str, ...], limit: int, before: str | None) -> list[Strategy]:
        """Strategies of an account, newest first."""
        rows = await self._rows.page(account, limit=limit, before=before, states=states)
        return [self._live.get(row.id) or _strategy(row.body) for row in rows]

    def in_state(self, strategy: Strategy, *states: str, doing: str) -> None:
        """Raise Conflict unless the strategy is in one of these states."""
        if strategy.state not in states:
            raise Conflict(
                f"{strategy.name} is {strategy.state.lower()}: it cannot be {doing}.",
                code="strategy.state",
                field="state",
                value=strategy.state,
                limit=", ".join(states),
                remedy="Read the strategy again.",
            )

    def keep(self, strategy: Strategy, event: str, actor: str = SYSTEM, correlation: str = "", **changes: Any) -> Done:
        """Take a change in and queue its journal entry; durable when the future is done. Raises Unavailable while the
        journal is broken, and then nothing has changed."""
        desk = self._desk
        desk.ensure_writable()
        now = desk.clock.now()
        revision = strategy.revision + 1
        changed = msgspec.structs.replace(
            strategy,
            **changes,
            updated=now,
            revision=revision,
            edited=strategy.edited if _EDITABLE.isdisjoint(changes) else revision,
            seen=max(strategy.seen, self.seen.get(strategy.account, 0)),
        )
        body = msgspec.to_builtins(changed)
        payload = StrategyChanged(event=event, id=changed.id, account=changed.account, state=changed.state, body=body)
        told = ListChanged(at=now, correlation=correlation, name="strategies", id=changed.id)
        done = desk.keep(payload, actor, correlation, changed.id, told)
        if changed.state in _LIVE:
            self._live[changed.id] = changed
        else:
            self._live.pop(changed.id, None)
        return done

    def claimed(self, account: str, key: str, product: Product | str, *, without: str = "") -> int:
        """Signed units of a position that strategies claim."""
        return sum(
            leg.quantity
            for one in self.live(account)
            if one.id != without
            for leg in one.legs
            if leg.key == key and leg.product == product
        )


def _strategy(body: dict[str, Any]) -> Strategy:
    return msgspec.convert(body, Strategy, strict=False)
