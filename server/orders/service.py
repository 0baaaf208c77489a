"""The order path's front: everything the API, the runner and the composition root may ask of it.

Composition: make it, `await load()` before any broker connects, then run `run_account` for each account, `run_lookups`
and `run_watch` as supervised parts; `await close()` at the end.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from server.core.bus import Bus
from server.core.clock import Clock
from server.core.errors import Invalid, NotFound, SaudaError, Unavailable
from server.core.ids import Ids
from server.domain.accounts import Account
from server.domain.events import FundsChanged
from server.domain.journal import FundsMoved, RiskChanged
from server.domain.money import to_text
from server.domain.orders import Order, OrderRequest, Product
from server.orders.assess import Assessor
from server.orders.basket_preview import BasketPreview, preview_basket
from server.orders.baskets import Baskets
from server.orders.cancel import Canceller
from server.orders.desk import Desk
from server.orders.inflight import Inflight
from server.orders.kill import KillSwitches
from server.orders.marking import Marking
from server.orders.modify import Modifier
from server.orders.parents import Parents
from server.orders.ports import Change, Execution, Journal, Ledger, Shelf
from server.orders.preview import Preview, Previewer
from server.orders.reconcile import Reconciled, Reconciler
from server.orders.recovery import Recovery
from server.orders.settings import OrderSettings
from server.orders.submit import Placed, Submitter, refuse
from server.orders.triggers import Triggers
from server.orders.updates import Updates
from server.risk.breaker import begin_day, day_result, release, trip
from server.risk.limits import Limits, limits_from, limits_to
from server.risk.needs import MarginRule, Needs
from server.risk.ports import Funds, Market, Rules
from server.risk.state import RiskState, TradingState

__all__ = ("OrderService", "RiskView")

_BREATH = 32
"""Broker updates applied before others get a turn: a burst must not delay a cancel (law 12)."""
_WATCH_EVERY = 1.0


class RiskView(msgspec.Struct, frozen=True, kw_only=True):
    """An account's risk as the API shows it; money as text."""

    state: TradingState
    reason: str
    limits: dict[str, Any]
    used: dict[str, str]
    """day_loss, open_orders, unknown_orders, orders_per_second (left), margin, free."""


class OrderService:
    """See the module's text.

    Args:
        accounts: every account, by id.
        executions: the broker of each account that can trade; may be added to later.
        markets: running markets by id; may be added to later (then call `triggers.attach`).
        reload_ledger: loads the ledger from disk, as at start-up.
        margin: `portfolio_margin` with the rulebook filled in.
        plan: whose charges are expected, `zerodha`.
    """

    def __init__(
        self,
        *,
        accounts: Mapping[str, Account],
        executions: Mapping[str, Execution],
        markets: Mapping[str, Market],
        journal: Journal,
        shelf: Shelf,
        ledger: Ledger,
        reload_ledger: Callable[[], Awaitable[None]],
        rules: Rules,
        margin: MarginRule,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        settings: OrderSettings | None = None,
        limits: Limits | None = None,
        plan: str = "zerodha",
    ) -> None:
        self.risk = RiskState(clock, limits)
        self.desk = desk = Desk(
            accounts=accounts,
            executions=executions,
            markets=markets,
            journal=journal,
            shelf=shelf,
            ledger=ledger,
            reload_ledger=reload_ledger,
            rules=rules,
            risk=self.risk,
            needs=Needs(margin),
            bus=bus,
            clock=clock,
            ids=ids,
            settings=settings or OrderSettings(),
            plan=plan,
        )
        assessor = self._assessor = Assessor(desk)
        self.updates = Updates(desk)
        self.inflight = Inflight(desk, self.updates)
        self._submitter = Submitter(desk, assessor)
        self._canceller = Canceller(desk, self.inflight)
        self._modifier = Modifier(desk, assessor, self.inflight)
        self._previewer = Previewer(desk, assessor)
        self._reconciler = Reconciler(desk, self.updates, self.inflight)
        self.kill = KillSwitches(desk, self._canceller, self._submitter)
        self.triggers = Triggers(desk, assessor, self._submitter)
        self.baskets = Baskets(desk, self._submitter, self._canceller)
        self.parents = Parents(desk, self._submitter, self._modifier, self._canceller, self._previewer.preview)
        self._marking = Marking(desk)
        self._recovery = Recovery(desk, self._reconciler, self.triggers, self.baskets, self.parents)

    # orders

    async def place(self, request: OrderRequest, *, actor: str, correlation: str = "") -> Placed:
        """See `submit.Submitter.place`."""
        return await self._submitter.place(request, actor=actor, correlation=correlation)

    async def place_check(self, request: OrderRequest, *, actor: str) -> Placed:
        """The one order of an account's check: it passes the account's lock, and nothing else differs."""
        return await self._submitter.place(msgspec.structs.replace(request, origin="check"), actor=actor, inside=True)

    async def modify(self, order_id: str, change: Change, revision: int, *, actor: str, correlation: str = "") -> Order:
        """See `modify.Modifier.modify`."""
        return await self._modifier.modify(order_id, change, revision, actor=actor, correlation=correlation)

    async def cancel(self, order_id: str, *, actor: str, correlation: str = "") -> Order:
        """See `cancel.Canceller.cancel`."""
        return await self._canceller.cancel(order_id, actor=actor, correlation=correlation)

    async def cancel_all(
        self, account: str | None = None, *, actor: str, correlation: str = ""
    ) -> tuple[list[str], list[str]]:
        """Cancel every working order of one account or all: (finished ids, ids still open or in doubt)."""
        live = self.desk.book.live(account)
        return await self._canceller.cancel_all(live, actor=actor, correlation=correlation)

    async def exit_position(
        self, account: str, key: str, product: Product, *, actor: str, correlation: str = "", request_id: str = ""
    ) -> Placed:
        """Close one position with a market order; raises NotFound when there is none."""
        self.desk.account(account)
        held = self.desk.position(account, key, product).quantity
        if held == 0:
            raise NotFound(f"There is no open {product} position in {key[:60]}.", code="position.none", field="key")
        request = OrderRequest(
            account=account,
            key=key,
            side="SELL" if held > 0 else "BUY",
            quantity=abs(held),
            type="MARKET",
            product=product,
            request_id=request_id,
        )
        return await self.place(request, actor=actor, correlation=correlation)

    def preview(self, request: OrderRequest) -> Preview:
        """See `preview.Previewer.preview`."""
        return self._previewer.preview(request)

    def preview_basket(self, account: str, legs: Sequence[OrderRequest], buy_first: bool) -> BasketPreview:
        """See `basket_preview.preview_basket`."""
        return preview_basket(self.desk, self._assessor, self.baskets, account, legs, buy_first)

    def live_orders(self, account: str | None = None) -> list[Order]:
        """Orders that may still change, oldest first."""
        return [w.order for w in self.desk.book.live(account)]

    # money and risk

    def funds(self, account: str) -> Funds:
        """Money now, open positions marked at last prices."""
        self.desk.account(account)
        return self.desk.ledger.funds(account, self.desk.marks(account))

    async def move_funds(
        self,
        account: str,
        direction: Literal["deposit", "withdraw"],
        minor: int,
        reason: str,
        *,
        actor: str,
        correlation: str = "",
    ) -> None:
        """Pay money in or out; raises Invalid, or Denied for a live account (its money is at the broker)."""
        desk = self.desk
        try:
            if desk.account(account).mode != "PAPER":
                raise Invalid(
                    "Money of a live account is moved at the broker.", code="funds.live", field="account", value=account
                )
            desk.ensure_writable()
            move = desk.ledger.deposit if direction == "deposit" else desk.ledger.withdraw
            postings = move(account, minor, reason, desk.market(account).now())
        except (Invalid, NotFound) as error:
            asked = {"account": account, "direction": direction, "amount": to_text(minor), "reason": reason}
            await refuse(desk, error, asked, actor, correlation, account[:40], "funds.refused")
            raise
        desk.ledger.fold(postings)
        payload = FundsMoved(account=account, reason=reason, postings=postings)
        await desk.keep(payload, actor, correlation, account, FundsChanged(at=desk.clock.now(), account=account))

    def risk_view(self, account: str) -> RiskView:
        """State, limits and how much of them is used."""
        desk = self.desk
        desk.account(account)
        entry, funds = self.risk.of(account), self.funds(account)
        state, reason = self.risk.trading_state(account)
        if desk.halted:
            state, reason = "HALTED", desk.halted
        live = desk.book.live(account)
        loss = max(0, -(day_result(self.risk, account, funds) or 0))
        return RiskView(
            state=state,
            reason=reason,
            limits=limits_to(entry.limits),
            used={
                "day_loss": to_text(loss),
                "open_orders": str(len(live)),
                "unknown_orders": str(sum(w.order.state == "UNKNOWN" for w in live)),
                "orders_per_second": f"{entry.bucket.left:.1f}",
                "margin": to_text(funds.margin_minor),
                "free": to_text(funds.free_minor),
            },
        )

    async def set_limits(
        self, account: str, changes: Mapping[str, Any], *, actor: str, correlation: str = "", reason: str = ""
    ) -> Limits:
        """Change some limits or all; raises Invalid naming the field, and then changes none."""
        self.desk.account(account)
        self.desk.ensure_writable()
        limits = limits_from({**limits_to(self.risk.of(account).limits), **changes})
        await self.desk.keep_risk([self.risk.set_limits(account, limits, reason)], actor, correlation)
        return limits

    async def set_state(
        self, account: str, state: TradingState, reason: str, *, actor: str, correlation: str = ""
    ) -> None:
        """Set an account to ACTIVE, REDUCING or HALTED; raises Invalid without a reason."""
        self.desk.account(account)
        self.desk.ensure_writable()
        if not reason.strip():
            raise Invalid("Not changed: say why.", code="risk.reason", field="reason", remedy="Give a reason.")
        again = release(self.risk, account, self.funds(account)) if state == "ACTIVE" else []
        changes = [*again, self.risk.set_state(account, state, reason.strip())]
        await self.desk.keep_risk(changes, actor, correlation)

    # life

    async def load(self) -> None:
        """Read everything from disk; before any broker connects (law 8)."""
        await self._recovery.load()

    async def reconcile(self, account: str) -> Reconciled:
        """Compare with the broker now."""
        return await self._reconciler.reconcile(account)

    async def run_account(self, account: str, ready: Callable[[], None]) -> None:
        """Connect, reconcile, then apply updates and poll slowly, until cancelled. Ends with an exception when the
        connection does, so that the supervisor starts it again: a reconnect is a start (law 7)."""
        execution = self.desk.execution(account)
        execution.recall([w.order for w in self.desk.book.live(account)])
        await execution.connect()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(account, execution), name=f"{account}:updates")
                await self.desk.clock.sleep(0)  # listening begins before the books are compared
                await self._reconciler.reconcile(account, joining=True)
                self.desk.joined.add(account)
                await self._recovery.resume(account)
                await self.desk.recorder.flush()  # ready means: what was found is on disk, for all to read
                ready()
                while True:
                    await self.desk.clock.sleep(self.desk.settings.reconcile_every)
                    await self._poll(account)
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        finally:
            self.desk.joined.discard(account)
            await execution.close()

    async def run_lookups(self, ready: Callable[[], None]) -> None:
        """Look up orders in doubt, until cancelled."""
        ready()
        await self.inflight.run()

    async def run_watch(self, ready: Callable[[], None]) -> None:
        """Begin market days, trip breakers, expire triggers, until cancelled."""
        ready()
        while True:
            await self.watch_once()
            await self.desk.clock.sleep(_WATCH_EVERY)

    async def watch_once(self) -> None:
        """One look at every account."""
        for account in self.desk.accounts:
            try:
                self._marking.look(account)
                self._watch(account)
            except Unavailable:
                continue  # its market does not run, or the journal is broken
        if not self.desk.halted:
            await self.triggers.expire()

    async def close(self) -> None:
        """Let what is being sent finish, and everything reach the disk."""
        await self.parents.stop()
        await self._submitter.settle()
        await self._recovery.stop()
        await self.desk.recorder.flush()

    def _watch(self, account: str) -> None:
        desk = self.desk
        desk.ensure_writable()
        marks = desk.marks(account)
        if any(p.key not in marks for p in desk.ledger.open_positions(account)):
            return  # a position without a price would be counted at cost: a wrong wealth to begin the day with
        funds = desk.ledger.funds(account, marks)
        changes: list[RiskChanged] = begin_day(self.risk, account, desk.day(account), funds)
        if changes:
            desk.rebalance(account)
        tripped = trip(self.risk, account, funds, desk.account(account).currency)
        for change in tripped:
            if change.name == "state":
                desk.notice("bad", f"{change.reason} Only orders that reduce a position pass.", account)
        if changes + tripped:
            desk.keep_risk(changes + tripped, "system")

    async def _listen(self, account: str, execution: Execution) -> None:
        count = 0
        async for update in execution.updates():
            try:
                await self.updates.apply(account, update)
            except Unavailable:
                pass  # halted: the reconciliation that follows brings it back
            except SaudaError as error:
                self.desk.notice("bad", f"An update from the broker could not be applied: {error.detail}", account)
            count += 1
            if count % _BREATH == 0:
                await asyncio.sleep(0)
        raise Unavailable(f"The broker's updates for {account} have ended.", code="broker.stream")

    async def _poll(self, account: str) -> None:
        try:
            await self._reconciler.reconcile(account)
        except Unavailable:
            return  # halted, or the broker cannot be read just now; the next turn comes
