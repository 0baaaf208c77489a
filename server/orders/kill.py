"""The kill switch: one gesture cancels every working order, can flatten every position, and blocks new orders (R3)."""

from collections.abc import Iterator

import msgspec

from server.core.errors import Conflict, Invalid, SaudaError, Unavailable
from server.domain.books import Position
from server.domain.orders import OrderRequest
from server.orders.cancel import Canceller
from server.orders.desk import Desk
from server.orders.submit import Submitter
from server.orders.validate import instrument_of
from server.risk.state import KillSwitch

__all__ = ("KillResult", "KillSwitches")


class KillResult(msgspec.Struct, frozen=True, kw_only=True):
    """What engaging it did."""

    engaged: bool
    cancelled: list[str] = []
    """Orders that are finished now."""
    still_open: list[str] = []
    """Orders whose cancel is not confirmed: look at them."""
    flattening: list[str] = []
    """Orders sent to close positions."""
    problems: list[str] = []
    """Positions that could not be closed, and why."""


class KillSwitches:
    """Engages and releases."""

    def __init__(self, desk: Desk, canceller: Canceller, submitter: Submitter) -> None:
        self._desk = desk
        self._canceller = canceller
        self._submitter = submitter

    def state(self) -> KillSwitch:
        """Engaged or not, why, since when."""
        return self._desk.risk.kill

    async def engage(self, reason: str, *, flatten: bool, actor: str, correlation: str = "") -> KillResult:
        """Block new orders at once, cancel all working ones, and close all positions when `flatten`.

        It works with a broken journal too: it is then kept in memory until the journal takes it. Engaging twice
        cancels (and flattens) again."""
        desk = self._desk
        change = desk.risk.set_kill(True, reason.strip() or "no reason given")
        kept = None
        try:
            kept = desk.keep_risk([change], actor, correlation)
        except Unavailable:
            desk.notice("bad", "The kill switch is engaged, but could not be written to disk. Do not restart Sauda.")
        cancelled, still_open = await self._canceller.cancel_all(desk.book.live(), actor=actor, correlation=correlation)
        flattening, problems = await self._flatten(actor, correlation) if flatten else ([], [])
        if kept is not None:
            try:
                await kept
            except Unavailable:
                desk.notice("bad", "The kill switch is engaged, but could not be written to disk.")
        return KillResult(
            engaged=True, cancelled=cancelled, still_open=still_open, flattening=flattening, problems=problems
        )

    async def release(self, reason: str, *, actor: str, correlation: str = "") -> KillResult:
        """Let new orders through again; raises Invalid without a reason, Conflict when it is not engaged."""
        desk = self._desk
        if not reason.strip():
            raise Invalid(
                "Not released: say why.", code="risk.reason", field="reason", remedy="Give a reason; it is kept."
            )
        if not desk.risk.kill.engaged:
            raise Conflict("The kill switch is not engaged.", code="risk.kill_switch", remedy="Nothing to release.")
        desk.ensure_writable()
        engaged = desk.risk.kill
        change = desk.risk.set_kill(False, reason.strip())
        try:
            await desk.keep_risk([change], actor, correlation)
        except Unavailable:
            desk.risk.kill = engaged
            raise
        return KillResult(engaged=False)

    async def _flatten(self, actor: str, correlation: str) -> tuple[list[str], list[str]]:
        """Market orders against every position, in pieces no larger than the freeze quantity."""
        desk = self._desk
        sent: list[str] = []
        problems: list[str] = []
        for account in desk.accounts:
            for position in desk.ledger.positions(account):
                if position.quantity == 0:
                    continue
                try:
                    for request in self._pieces(account, position):
                        placed = await self._submitter.place(request, actor=actor, correlation=correlation, inside=True)
                        sent.append(placed.order.id)
                except SaudaError as error:
                    problems.append(f"{position.key}: {error.detail} {error.remedy}".strip())
        return sent, problems

    def _pieces(self, account: str, position: Position) -> Iterator[OrderRequest]:
        desk = self._desk
        instrument = instrument_of(desk.market(account), position.key)
        left = abs(position.of_unit(instrument.unit).quantity)
        most = min(instrument.freeze or left, instrument.units(desk.risk.of(account).limits.order_quantity))
        most = max(instrument.lot, most - most % instrument.lot)
        while left > 0:
            yield OrderRequest(
                account=account,
                key=position.key,
                side="SELL" if position.quantity > 0 else "BUY",
                quantity=min(left, most),
                type="MARKET",
                product=position.product,
                origin="kill",
            )
            left -= most
