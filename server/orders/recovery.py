"""Start-up and recovery are one code path: load from disk, then ask the brokers.

`load` runs before any broker connects (law 8). When the journal fails, trading halts, memory is thrown away and loaded
again, and the journal is tried until it takes an entry; then every broker is asked what was missed (law 9).
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import structlog

from server.core.errors import SaudaError
from server.domain.journal import Noted
from server.domain.orders import Order
from server.orders.baskets import Baskets
from server.orders.desk import SYSTEM, Desk
from server.orders.parents import Parents
from server.orders.reconcile import Reconciler
from server.orders.triggers import Triggers

__all__ = ("Recovery",)

_log = structlog.get_logger("orders.recovery")


class Recovery:
    """Loads, and loads again."""

    def __init__(
        self, desk: Desk, reconciler: Reconciler, triggers: Triggers, baskets: Baskets, parents: Parents
    ) -> None:
        self._desk = desk
        self._reconciler = reconciler
        self._triggers = triggers
        self._baskets = baskets
        self._parents = parents
        self._task: asyncio.Task[None] | None = None
        desk.on_halt = self._start

    async def load(self) -> None:
        """Read books, orders, limits, kill switch, triggers, baskets and parents; raises when they cannot be read."""
        desk = self._desk
        live = await desk.shelf.orders.load_live()
        fills = [[trade.fill for trade in await desk.shelf.fills.of_order(o.id)] if o.filled else [] for o in live]
        requests = await desk.shelf.orders.load_requests()
        risk = await desk.shelf.risk.load_all()
        await desk.reload_ledger()
        desk.needs.forget()
        desk.risk.load(risk)
        desk.book.load(zip(live, fills, strict=True), requests)
        for order in live:
            self._restore(order)
        await self._triggers.load()
        await self._baskets.load()
        await self._parents.load()

    async def resume(self, account: str) -> None:
        """After its broker was asked: finish triggers that had fired, stop baskets that were interrupted."""
        await self._baskets.resume(account)
        await self._triggers.resume(account)
        await self._parents.resume(account)

    async def stop(self) -> None:
        """End a recovery under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _restore(self, order: Order) -> None:
        """What is held for it, and since when it is in doubt."""
        desk = self._desk
        working = desk.working(order.id)
        working.held = desk.ledger.held(order.account, order.id)
        if order.pending:
            working.outlay = Decimal(working.held) / order.pending / 100
        age = (desk.clock.now() - order.updated).total_seconds()
        # a wall clock that was set back must not make an order look older or younger than "just now"
        working.in_doubt_since = desk.clock.monotonic() - max(0.0, age)

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._recover(), name="recovery")

    async def _recover(self) -> None:
        desk = self._desk
        while True:
            if await self._loaded():
                entry = desk.entry(
                    Noted(what="journal.recovered", detail={"halted": desk.halted}), SYSTEM, "", "journal"
                )
                if await desk.recorder.probe(entry):
                    break
            await desk.clock.sleep(desk.settings.recover_every)
        desk.resuming, desk.halted = True, ""
        try:
            if desk.risk.kill.engaged:  # it may have been engaged while the disk was away
                await desk.keep_risk([desk.risk.set_kill(True, desk.risk.kill.reason)], SYSTEM)
            for account in sorted(desk.joined):
                await self._try(account, self._reconciler.reconcile)
        finally:
            desk.resuming = False
        for account in sorted(desk.joined):
            await self._try(account, self.resume)
        if not desk.halted:
            desk.notice("info", "The journal can be written again. Trading resumes.")

    async def _loaded(self) -> bool:
        try:
            await self.load()
        except Exception:  # noqa: BLE001 - a disk that cannot be read now may be readable later
            _log.exception("reload_failed")
            return False
        return True

    async def _try(self, account: str, work: Callable[[str], Awaitable[object]]) -> None:
        try:
            await work(account)
        except SaudaError as error:
            self._desk.notice("warn", f"{account} is not quite up to date after the halt: {error.detail}", account)
        except Exception:  # noqa: BLE001 - the slow poll tries again; trading must not stay halted for it
            _log.exception("after_halt_failed", account=account)
