"""The desk: what every part of the order path shares, and the three ways in which an order changes.

`intend`, `step` and `fill` fold a decision into memory at once, without a pause between computing and folding, and
queue its journal entry; so the order of entries is the order of decisions, and no lock is needed. Whoever needs
durability waits for the future they return. See `server/decisions/0005-order-path.md`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

import msgspec
import structlog

from server.core.bus import Bus
from server.core.clock import Clock, india_day
from server.core.errors import Fault, NotFound, SaudaError, Unavailable
from server.core.ids import Ids
from server.domain.accounts import Account
from server.domain.books import Mark, Position, Posting
from server.domain.events import FillSeen, FundsChanged, Notice, OrderSeen, RiskSeen
from server.domain.instruments import Instrument
from server.domain.journal import (
    Entry,
    FillApplied,
    FundsMoved,
    Noted,
    OrderChanged,
    Payload,
    PositionMarked,
    RiskChanged,
)
from server.domain.money import exact, to_minor
from server.domain.orders import Fill, Order, Product, recounted
from server.orders import machine
from server.orders.book import OrderBook, Working
from server.orders.ports import Execution, Journal, Ledger, Shelf
from server.orders.recorder import Recorder
from server.orders.settings import OrderSettings
from server.risk.exposure import Correlations
from server.risk.needs import Needs, Ordered
from server.risk.ports import Market, Rules
from server.risk.state import RiskState

__all__ = ("SYSTEM", "Desk", "Done")

Done = asyncio.Future[None]
"""Done when the entries are on disk; raises Unavailable when they are not."""

SYSTEM = "system"
_WORDS_ONLY = (machine.Accept, machine.Trigger, machine.Lose)

_log = structlog.get_logger("orders")


class Desk:
    """Shared state of the order path of all accounts."""

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
        risk: RiskState,
        needs: Needs,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        settings: OrderSettings,
        plan: str,
    ) -> None:
        self.accounts = accounts
        self.executions = executions
        self.markets = markets
        self.shelf = shelf
        self.ledger = ledger
        self.reload_ledger = reload_ledger
        self.rules = rules
        self.risk = risk
        self.needs = needs
        self.bus = bus
        self.clock = clock
        self.ids = ids
        self.settings = settings
        self.plan = plan
        """Whose charges are expected, `zerodha`."""
        self.book = OrderBook(settings.keep_done)
        self.recorder = Recorder(journal, bus, self._journal_failed)
        self.halted = ""
        """Why no order may be sent whatever the account; empty while all is well."""
        self.correlations: dict[str, Correlations] = {}
        """How alike underlyings move, by market; what is not there is not known."""
        self.joined: set[str] = set()
        """Accounts whose broker is connected and has been compared with the books."""
        self.resuming = False
        """Whether writing works again, but the brokers have not been asked yet what was missed."""
        self.on_halt: Callable[[], None] = lambda: None
        self.on_doubt: Callable[[], None] = lambda: None
        """Called when an order became UNKNOWN, so that it is looked up."""

    # looking

    def account(self, account: str) -> Account:
        """An account; raises NotFound."""
        found = self.accounts.get(account)
        if found is None:
            raise NotFound(
                f"There is no account {account[:40]!r}.",
                code="account.unknown",
                field="account",
                value=account[:40],
                remedy="Use one of: " + ", ".join(sorted(self.accounts)) + ".",
            )
        return found

    def execution(self, account: str) -> Execution:
        """The account's broker; raises Unavailable when none is joined."""
        found = self.executions.get(account)
        if found is None:
            raise Unavailable(f"Account {account} has no broker.", code="broker.absent", field="account")
        if found.name != self.account(account).broker:  # law 10: no wiring may send an order elsewhere
            raise Fault(f"account {account} belongs to {self.account(account).broker}, not to {found.name}")
        return found

    def market(self, account: str) -> Market:
        """The one market the account trades in; raises Unavailable while it does not run."""
        found = self.markets.get(self.account(account).market)
        if found is None:
            raise Unavailable(
                f"The market of account {account} is not running.",
                code="market.absent",
                field="account",
                remedy="Start the market, then try again.",
            )
        return found

    def day(self, account: str) -> date:
        """The market's date in India."""
        return india_day(self.market(account).now())

    def working(self, order_id: str) -> Working:
        """An order in memory; raises NotFound (finished orders of long ago are on disk only)."""
        found = self.book.get(order_id)
        if found is None:
            raise NotFound(
                f"There is no working order {order_id[:40]!r}.", code="order.not_found", field="id", value=order_id[:40]
            )
        return found

    def position(self, account: str, key: str, product: Product) -> Position:
        """What is held, in the units that orders in it are counted in today."""
        held = self.ledger.position(account, key, product)
        instrument = self.market(account).instrument(key)
        return held if instrument is None else held.of_unit(instrument.unit)

    def marks(self, account: str) -> dict[str, Decimal]:
        """Last price of everything the account holds, as far as there is one."""
        market = self.market(account)
        prices = {}
        for position in self.ledger.open_positions(account):
            last = market.last(position.key)
            if last == last:  # not NaN: there was a price
                prices[position.key] = exact(last)
        return prices

    # changing

    def ensure_writable(self) -> None:
        """Raise Unavailable while trading is halted for the journal's sake (law 9)."""
        if self.halted:
            raise Unavailable(
                f"Trading is halted: {self.halted}",
                code="journal.broken",
                remedy="Reading goes on. Sauda tries again by itself and says when trading resumes.",
            )

    def ensure_open(self, account: str) -> None:
        """Raise Unavailable while no order of the account may be sent or changed, whatever it is."""
        self.ensure_writable()
        if self.resuming:
            raise Unavailable(
                "Trading resumes in a moment: the broker is being asked what was missed.",
                code="orders.resuming",
                remedy="Wait a few seconds, then send again.",
            )
        if account not in self.joined:
            raise Unavailable(
                f"The broker of account {account} is not connected.",
                code="broker.not_connected",
                field="account",
                remedy="Sauda connects by itself; the System page shows how it stands.",
            )

    def intend(
        self,
        order: Order,
        correlation: str,
        outlay: Decimal,
        charges_minor: int,
        actor: str,
        margin_minor: int | None = None,
    ) -> Done:
        """Take in a new order with the money it needs; nothing may be sent before the future is done (law 1).
        `margin_minor`: what its group then needs, where that has been worked out at this very moment."""
        self.ensure_writable()
        working = self.book.add(order, correlation)
        working.outlay, working.charges_minor = outlay, charges_minor
        return self._write_order(working, "intended", actor, margin_minor=margin_minor)

    def step(self, working: Working, step: machine.Step, event: str, actor: str = SYSTEM) -> Done:
        """Move an order; raises Illegal when it cannot, Unavailable while the journal is broken."""
        self.ensure_writable()
        before = working.order
        self.market(before.account)  # nothing may fail between here and the write
        after = machine.advance(before, step, self.clock.now())
        self.book.put(working, after)
        self._shout(machine.alarming(before, after), after)
        # an answer alone moves no money
        return self._write_order(working, event, actor, money=not isinstance(step, _WORDS_ONLY))

    def adopt(self, order: Order, reported: datetime | None) -> Done:
        """Show an order that Sauda did not send: EXTERNAL, or the settlement of a position."""
        self.ensure_writable()
        working = self.book.add(order)
        working.reported = reported
        return self._write_order(working, "external", f"broker:{order.broker}")

    def fill(self, working: Working, fill: Fill, instrument: Instrument, actor: str) -> Done | None:
        """Apply one execution: order, position, ledger and audit in one transaction (law 6). None = known already."""
        self.ensure_writable()
        before = working.order
        self.market(before.account)
        units = recounted(fill.quantity, instrument.unit, before.unit) or fill.quantity
        fill = msgspec.structs.replace(fill, order=before.id, account=before.account, quantity=units, unit=before.unit)
        applied = self.ledger.apply(fill, before.product, instrument, origin=before.origin)
        if applied is None:
            return None
        value = working.value + fill.price * fill.quantity
        after = machine.advance(before, machine.Fill(fill.quantity, fill.price, value), self.clock.now())
        self.ledger.commit(applied)
        working.value = value
        self.book.put(working, after)
        self._shout(machine.alarming(before, after), after)
        postings = applied.postings + self._money(working)
        payload = FillApplied(
            fill=fill, order=after, position=applied.position, charges=applied.charges, postings=postings
        )
        now, correlation = self.clock.now(), working.correlation
        working.written = self._write(
            [self.entry(payload, actor, correlation, after.id)],
            [
                FillSeen(at=now, correlation=correlation, fill=fill, position=applied.position, order=after),
                FundsChanged(at=now, correlation=correlation, account=after.account),
            ],
        )
        return working.written

    def keep_risk(self, changes: Sequence[RiskChanged], actor: str, correlation: str = "") -> Done:
        """Write changes of limits, state or kill switch that risk has folded already."""
        now = self.clock.now()
        return self._write(
            [self.entry(change, actor, correlation, change.account) for change in changes],
            [
                RiskSeen(
                    at=now,
                    correlation=correlation,
                    account=change.account,
                    name=change.name,
                    body=change.body,
                    reason=change.reason,
                )
                for change in changes
            ],
        )

    def keep(self, payload: Payload, actor: str, correlation: str, subject: str, *events: object) -> Done:
        """Write something that is kept beside orders: triggers, baskets, notes."""
        return self._write([self.entry(payload, actor, correlation, subject)], events)

    def note(self, what: str, detail: Mapping[str, object], actor: str, correlation: str, subject: str) -> Done:
        """Put something on record that changes no table."""
        return self.keep(Noted(what=what, detail=dict(detail)), actor, correlation, subject)

    def mark(self, mark: Mark, instrument: Instrument) -> Done | None:
        """Bring a future to its settlement price: position, cash and margin in one transaction. None = done before."""
        self.ensure_writable()
        marked = self.ledger.mark_to_market(mark)
        if marked is None:
            return None
        self.ledger.commit_mark(marked)
        postings = marked.postings + self._remargin(mark.account, instrument.name)
        payload = PositionMarked(mark=mark, position=marked.position, postings=postings)
        return self._write(
            [self.entry(payload, SYSTEM, "", mark.account)], [FundsChanged(at=self.clock.now(), account=mark.account)]
        )

    def rebalance(self, account: str) -> Done | None:
        """Work out the margin of the whole account anew (after a load, at a new day); None when nothing changes."""
        self.ensure_writable()
        postings = self._remargin(account, None)
        if not postings:
            return None
        payload = FundsMoved(account=account, reason="margin", postings=postings)
        return self._write(
            [self.entry(payload, SYSTEM, "", account)], [FundsChanged(at=self.clock.now(), account=account)]
        )

    def state_free(self, account: str, free_minor: int) -> Done | None:
        """Take over the free money a live account's broker states; None when it is the same."""
        self.ensure_writable()
        postings = self.ledger.state_free(account, free_minor, self.market(account).now())
        if not postings:
            return None
        self.ledger.fold(postings)
        payload = FundsMoved(account=account, reason="statement", postings=postings)
        return self._write(
            [self.entry(payload, SYSTEM, "", account)], [FundsChanged(at=self.clock.now(), account=account)]
        )

    def entry(self, payload: Payload, actor: str, correlation: str, subject: str) -> Entry:
        """A journal entry of this moment."""
        return Entry(at=self.clock.now(), actor=actor, correlation=correlation, subject=subject, payload=payload)

    def notice(self, level: str, text: str, subject: str = "") -> None:
        """Say something to the user; level is info, warn or bad."""
        (_log.warning if level == "bad" else _log.info)("notice", level_=level, text=text, subject=subject)
        self.bus.publish(Notice(at=self.clock.now(), level=level, text=text, subject=subject))

    def _write_order(
        self, working: Working, event: str, actor: str, *, money: bool = True, margin_minor: int | None = None
    ) -> Done:
        order, now = working.order, self.clock.now()
        postings = self._money(working, margin_minor) if money else ()
        events: list[object] = [OrderSeen(at=now, correlation=working.correlation, event=event, order=order)]
        if postings:
            events.append(FundsChanged(at=now, correlation=working.correlation, account=order.account))
        payload = OrderChanged(event=event, order=order, postings=postings)
        working.written = self._write([self.entry(payload, actor, working.correlation, order.id)], events)
        return working.written

    def _write(self, entries: Sequence[Entry], events: Sequence[object]) -> Done:
        return self.recorder.write(entries, events)

    # money

    def _money(self, working: Working, margin_minor: int | None = None) -> tuple[Posting, ...]:
        """Hold or release what the order and its group need now (`margin_minor`, where that is known); folded."""
        order = working.order
        market = self.market(order.account)
        hold = 0
        if order.pending:
            terms = working.changed or order
            pending = max(order.pending, terms.quantity - order.filled)
            hold = to_minor(working.outlay * pending) + working.charges_minor * pending // max(1, terms.quantity)
        postings: tuple[Posting, ...] = ()
        if hold != working.held:
            postings = self.ledger.hold(order, hold, market.now())
            self.ledger.fold(postings)
            working.held = hold
        instrument = market.instrument(order.key)
        if instrument is None:
            return postings
        return postings + self._remargin(order.account, instrument.name, margin_minor)

    def _remargin(self, account: str, group: str | None, need: int | None = None) -> tuple[Posting, ...]:
        """Bring the account's margin to what one group (or each group) needs now; folded.

        What cannot be worked out (no price, a day the rulebook does not know) stays held as it is: a fill is a fact
        and must not be lost for it."""
        try:
            return self._margin_change(account, group, need)
        except SaudaError as error:
            _log.warning("margin_not_worked_out", account=account, group=group, error=error.detail)
            return ()

    def _margin_change(self, account: str, group: str | None, need: int | None = None) -> tuple[Posting, ...]:
        market = self.market(account)
        known = self.needs.groups(account)
        if known is None or group is None:
            groups = {}
            for name in self._groups(account, market):
                need = self.required(account, name)
                if need is None:
                    return ()  # the next change tries again
                groups[name] = need
            total = self.needs.set_all(account, groups)
        else:
            if need is None:
                need = self.required(account, group)
            if need is None or need == known.get(group, 0):
                return ()
            total = self.needs.set_one(account, group, need)
        postings = self.ledger.adjust_hold(account, total, market.now())
        self.ledger.fold(postings)
        return postings

    def required(
        self,
        account: str,
        group: str,
        extra: Order | None = None,
        instead_of: str = "",
        filled: Sequence[Position] = (),
    ) -> int | None:
        """Margin `group` needs: positions (and `filled`, as if held too), live orders, and `extra` in place of the
        order `instead_of`; None when a price is missing."""
        orders: list[Ordered] = [
            (*place, pending.quantity, pending.price) for place, pending in self.book.pending(account).items()
        ]
        if instead_of and (old := self.book.get(instead_of)) is not None:
            orders = [o if o[:3] != _place(old.order) else (*o[:3], o[3] - old.counted, o[4]) for o in orders]
        if extra is not None:
            own = extra.price or extra.trigger or extra.reference
            orders.append((extra.key, extra.product, extra.side, extra.pending, own))
        positions = [*self.ledger.open_positions(account), *filled]
        return self.needs.required(self.market(account), positions, orders, group)

    def _groups(self, account: str, market: Market) -> set[str]:
        keys = {p.key for p in self.ledger.open_positions(account)}
        keys |= {key for key, _, _ in self.book.pending(account)}
        return {found.name for key in keys if (found := market.instrument(key)) is not None}

    # trouble

    def _shout(self, alarm: str, order: Order) -> None:
        if alarm:
            self.notice("bad", alarm, order.id)

    def _journal_failed(self, why: str) -> None:
        self.halted = f"the journal cannot be written ({why})."
        self.notice("bad", f"Trading is halted: {self.halted} Orders already sent stay where they are.")
        self.on_halt()


def _place(order: Order) -> tuple[str, str, str]:
    return order.key, order.product, order.side
