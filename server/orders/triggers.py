"""GTT and OCO kept by Sauda: on disk, watched, fired exactly once.

Firing writes TRIGGERED to the journal first; the order's request id is made of the trigger's id, so however often a
crash makes us try again, it is one order. An OCO is one trigger with two legs: firing one leg ends both.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from server.core.clock import IST
from server.core.errors import Conflict, Denied, Invalid, NotFound, SaudaError, Unavailable
from server.domain.events import ListChanged
from server.domain.instruments import Instrument
from server.domain.journal import TriggerChanged
from server.domain.orders import OrderRequest, Product, Side
from server.orders.assess import Assessor
from server.orders.desk import SYSTEM, Desk, Done
from server.orders.submit import Submitter
from server.orders.validate import instrument_of, validate
from server.risk.ports import Market

__all__ = ("LIVE_TRIGGER_STATES", "Trigger", "TriggerLeg", "TriggerState", "Triggers")

TriggerState = Literal["ACTIVE", "TRIGGERED", "DONE", "FAILED", "CANCELLED", "EXPIRED"]
"""TRIGGERED: on disk that it fired, order not yet confirmed. DONE: its order exists. FAILED: its order was refused."""

LIVE_TRIGGER_STATES: tuple[str, ...] = ("ACTIVE", "TRIGGERED")
_MOST = 250
"""Active triggers of an account, as brokers allow them."""


class TriggerLeg(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A price to wait for, and the limit order to send then."""

    side: Side
    quantity: int
    trigger: Decimal
    price: Decimal
    above: bool = False
    """Fires at or above `trigger` (else at or below); set from the last price when the trigger is made."""


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """A GTT (one leg) or OCO (two legs)."""

    id: str
    account: str
    key: str
    product: Product
    kind: Literal["single", "oco"]
    legs: tuple[TriggerLeg, ...]
    state: TriggerState = "ACTIVE"
    fired: int | None = None
    """Which leg fired."""
    order_id: str = ""
    reason: str = ""
    created: datetime
    created_market: datetime
    updated: datetime
    fired_market: datetime | None = None
    unit: Decimal = Decimal(1)
    """What one unit of the quantities was when it was made; its order is refused when that has changed."""

    def request(self) -> OrderRequest:
        """The order of the leg that fired; the same request id every time it is asked."""
        assert self.fired is not None
        leg = self.legs[self.fired]
        return OrderRequest(
            account=self.account,
            key=self.key,
            side=leg.side,
            quantity=leg.quantity,
            unit=self.unit,
            type="LIMIT",
            product=self.product,
            price=leg.price,
            request_id=f"trigger-{self.id}",
            parent=self.id,
            origin="trigger",
        )


class Triggers:
    """Keeps and fires triggers of all accounts."""

    def __init__(self, desk: Desk, assessor: Assessor, submitter: Submitter) -> None:
        self._desk = desk
        self._assessor = assessor
        self._submitter = submitter
        self._live: dict[str, Trigger] = {}
        self._by_key: dict[tuple[str, str], list[str]] = {}
        self._watches: dict[str, Callable[[], None]] = {}
        self._firing: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    # user's commands

    async def create(
        self,
        account: str,
        key: str,
        product: Product,
        kind: Literal["single", "oco"],
        legs: tuple[TriggerLeg, ...],
        *,
        actor: str,
        correlation: str = "",
    ) -> Trigger:
        """Keep a new trigger; raises Invalid naming the leg and field, Denied when there are too many."""
        desk = self._desk
        desk.account(account)
        market = desk.market(account)
        instrument = instrument_of(market, key)
        last = market.quote(key)
        if last is None:
            raise Invalid(
                f"Not kept: there is no price yet for {instrument.symbol}.", code="trigger.no_price", field="key"
            )
        if sum(t.account == account for t in self._live.values()) >= _MOST:
            raise Denied(
                f"Not kept: you have {_MOST} triggers already.",
                code="trigger.count",
                limit=_MOST,
                value=_MOST,
                headroom=0,
                remedy="Delete one first.",
            )
        now = desk.clock.now()
        trigger = Trigger(
            id=desk.ids.next(),
            account=account,
            key=key,
            product=product,
            kind=kind,
            legs=self._checked(account, instrument, product, kind, legs, last.ltp),
            created=now,
            created_market=market.now(),
            updated=now,
            unit=instrument.unit,
        )
        desk.ensure_writable()
        await self._keep(trigger, "created", actor, correlation)
        return trigger

    async def cancel(self, trigger_id: str, *, actor: str, correlation: str = "") -> Trigger:
        """Stop watching; raises NotFound, or Conflict when it has fired."""
        trigger = self._live.get(trigger_id)
        if trigger is None:
            raise NotFound(f"There is no active trigger {trigger_id[:40]!r}.", code="trigger.not_found", field="id")
        if trigger.state != "ACTIVE":
            raise Conflict("Too late: it has fired.", code="trigger.fired", field="id", remedy="Look at its order.")
        return await self._change(trigger, "cancelled", actor, correlation, state="CANCELLED", reason="Deleted.")

    def active(self, account: str | None = None) -> list[Trigger]:
        """Triggers still watched or firing, oldest first."""
        return [t for t in self._live.values() if account is None or t.account == account]

    # life

    async def load(self) -> None:
        """Begin again with what is on disk."""
        rows = await self._desk.shelf.triggers.load_all(LIVE_TRIGGER_STATES)
        self._live = {row.id: msgspec.convert(row.body, Trigger, strict=False) for row in rows}
        self._watch_again()

    def attach(self) -> None:
        """Watch again: a market has started, stopped, or listed new instruments."""
        self._watch_again()

    async def resume(self, account: str) -> None:
        """Finish what a stop interrupted: a trigger that fired and whose order may not have gone out.

        On the same market day the order is sent now (or found, if it had gone out); on a later day it is not, and
        that is said."""
        for trigger in list(self._live.values()):
            if trigger.state != "TRIGGERED" or trigger.account != account or trigger.id in self._firing:
                continue
            if self._same_day(trigger):
                await self._send(trigger)
            else:
                found = await self._desk.shelf.orders.by_request(trigger.account, trigger.request().request_id)
                if found is not None:
                    await self._change(trigger, "done", SYSTEM, "", state="DONE", order_id=found.id)
                else:
                    await self._failed(trigger, "Sauda stopped before its order went out, and the day is over.")

    async def expire(self) -> None:
        """End triggers whose contract has expired."""
        for trigger in list(self._live.values()):
            try:
                instrument = self._desk.market(trigger.account).instrument(trigger.key)
                day = self._desk.day(trigger.account)
            except Unavailable:
                continue
            if trigger.state == "ACTIVE" and instrument is not None and instrument.expiry and instrument.expiry < day:
                await self._change(trigger, "expired", SYSTEM, "", state="EXPIRED", reason="The contract has expired.")

    async def settle(self) -> None:
        """Return when nothing is firing any more."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    # watching

    def look(self, market: Market, key: str) -> None:
        """A price of `key` changed: fire what waits for it. Called inside the market's intake, so it only compares."""
        for trigger_id in tuple(self._by_key.get((market.id, key), ())):
            trigger = self._live.get(trigger_id)
            if trigger is None or trigger.state != "ACTIVE" or self._desk.halted:
                continue
            last = market.last(key)
            for index, leg in enumerate(trigger.legs):
                # an absent price is NaN, which is neither above nor below
                if last >= float(leg.trigger) if leg.above else last <= float(leg.trigger):
                    self._fire(market, trigger, index)
                    break

    def _fire(self, market: Market, trigger: Trigger, index: int) -> None:
        instrument = market.instrument(trigger.key)
        if instrument is None:
            return
        phase = self._assessor.phase(instrument, trigger.account)
        if phase is None or phase.name != "continuous":
            return
        fired = msgspec.structs.replace(
            trigger, state="TRIGGERED", fired=index, fired_market=market.now(), updated=self._desk.clock.now()
        )
        try:
            done = self._keep(fired, "triggered", SYSTEM, fired.id)
        except Unavailable:
            return  # nothing is sent without a record; it fires again when writing works
        self._firing.add(fired.id)
        task = asyncio.create_task(self._fired(fired, done), name="trigger")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fired(self, trigger: Trigger, done: Done) -> None:
        try:
            await done
            await self._send(trigger)
        except Unavailable as error:
            # on disk or not, `resume` begins from what is there when trading goes on
            self._desk.notice("bad", f"The trigger in {trigger.key} fired, but: {error.detail}", trigger.id)
        finally:
            self._firing.discard(trigger.id)

    async def _send(self, trigger: Trigger) -> None:
        try:
            placed = await self._submitter.place(trigger.request(), actor=SYSTEM, correlation=trigger.id, inside=True)
        except Unavailable:
            raise
        except SaudaError as error:
            await self._failed(trigger, f"{error.detail} {error.remedy}".strip())
            return
        await self._change(trigger, "done", SYSTEM, trigger.id, state="DONE", order_id=placed.order.id)

    async def _failed(self, trigger: Trigger, reason: str) -> None:
        self._desk.notice("bad", f"The trigger in {trigger.key} fired, but no order went out: {reason}", trigger.id)
        await self._change(trigger, "failed", SYSTEM, trigger.id, state="FAILED", reason=reason)

    # inside

    def _checked(
        self,
        account: str,
        instrument: Instrument,
        product: Product,
        kind: str,
        legs: tuple[TriggerLeg, ...],
        last: Decimal,
    ) -> tuple[TriggerLeg, ...]:
        wanted = 2 if kind == "oco" else 1
        if len(legs) != wanted:
            raise Invalid(
                f"Not kept: {'an OCO has two legs' if wanted == 2 else 'a single trigger has one leg'}.",
                code="trigger.legs",
                field="legs",
                limit=wanted,
                value=len(legs),
            )
        if product == "MIS":
            raise Invalid(
                "Not kept: triggers stay for days, so MIS does not fit.",
                code="trigger.product",
                field="product",
                value=product,
                remedy=f"Use {'NRML' if instrument.derivative else 'CNC'}.",
            )
        out = []
        for index, leg in enumerate(legs):
            request = OrderRequest(
                account=account,
                key=instrument.key,
                side=leg.side,
                quantity=leg.quantity,
                type="LIMIT",
                product=product,
                price=leg.price,
            )
            probe = msgspec.structs.replace(request, price=leg.trigger)
            for field, one in (("", request), ("trigger", probe)):
                try:
                    validate(one, instrument, self._desk.day(account))
                except Invalid as error:
                    if error.field not in ("key", "product"):  # those are of the whole trigger
                        error.field = f"legs[{index}].{field or error.field}"
                    error.detail = error.detail.replace("Not sent", "Not kept", 1)
                    raise
            if leg.trigger == last:
                raise Invalid(
                    f"Not kept: the last price is {last} already.",
                    code="trigger.at_price",
                    field=f"legs[{index}].trigger",
                    value=leg.trigger,
                    remedy="Use a trigger above or below it.",
                )
            out.append(msgspec.structs.replace(leg, above=leg.trigger > last))
        if kind == "oco" and out[0].above == out[1].above:
            raise Invalid(
                f"Not kept: the triggers of an OCO lie on both sides of the last price {last}.",
                code="trigger.sides",
                field="legs[1].trigger",
                limit=last,
                value=out[1].trigger,
                remedy="Put one above and one below.",
            )
        return tuple(out)

    async def _change(self, trigger: Trigger, event: str, actor: str, correlation: str, **fields: object) -> Trigger:
        changed = msgspec.structs.replace(trigger, updated=self._desk.clock.now(), **fields)
        await self._keep(changed, event, actor, correlation)
        return changed

    def _keep(self, trigger: Trigger, event: str, actor: str, correlation: str) -> Done:
        """Fold and queue; raises Unavailable when the journal is broken."""
        body = msgspec.to_builtins(trigger)
        payload = TriggerChanged(event=event, id=trigger.id, account=trigger.account, state=trigger.state, body=body)
        seen = ListChanged(
            at=self._desk.clock.now(), correlation=correlation, name="triggers", id=trigger.id, body=body
        )
        done = self._desk.keep(payload, actor, correlation, trigger.id, seen)
        if trigger.state in LIVE_TRIGGER_STATES:
            self._live[trigger.id] = trigger
        else:
            self._live.pop(trigger.id, None)
        self._watch_again()
        return done

    def _watch_again(self) -> None:
        """One watch a market, on exactly the keys that are waited for."""
        by_key: dict[tuple[str, str], list[str]] = {}
        for trigger in self._live.values():
            if trigger.state == "ACTIVE" and trigger.account in self._desk.accounts:
                market = self._desk.accounts[trigger.account].market
                by_key.setdefault((market, trigger.key), []).append(trigger.id)
        if by_key.keys() == self._by_key.keys() and self._watches.keys() == {
            m for m, _ in by_key if m in self._desk.markets
        }:
            self._by_key = by_key
            return
        self._by_key = by_key
        for end in self._watches.values():
            end()
        self._watches = {}
        for market_id in {m for m, _ in by_key}:
            found = self._desk.markets.get(market_id)
            if found is not None:
                keys = [key for m, key in by_key if m == market_id]
                self._watches[market_id] = found.watch(keys, _looker(self, found))

    def _same_day(self, trigger: Trigger) -> bool:
        if trigger.fired_market is None:
            return False
        return trigger.fired_market.astimezone(IST).date() == self._desk.day(trigger.account)


def _looker(triggers: Triggers, market: Market) -> Callable[[str], None]:
    return lambda key: triggers.look(market, key)
