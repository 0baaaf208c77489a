"""The exchange simulator: a pure engine, stepped by its owner, shared by paper trading and backtests.

`step(now, inputs)` takes commands, prices and the time, and gives what happened, in order. There is no other input:
the same seed and the same steps give the same events, byte for byte. The owner brings prices of the instruments in
`watched()` as they change, and steps at `next_due()` at the latest: commands in flight arrive and sessions turn then.

A market order becomes a limit order at its protection price; what cannot be filled up to there stays as that limit
order. A new order takes from the other side of the book (`liquidity`), what rests waits in the queue (`resting`).
Orders of a pre-open or closing auction are collected and matched at its one price (`auction`).
"""

import heapq
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.domain.orders import Order
from server.matching.checks import Refusal, check_band, check_order, check_terms
from server.matching.floor import Floor
from server.matching.messages import Cancel, Event, Input, Modify, Price, Reply, Restore, Submit
from server.matching.sessions import Sessions, session_day
from server.matching.settings import MatchingSettings
from server.matching.snapshot import Snapshot
from server.matching.working import Stage, Working
from server.rulebook import Phase, Rulebook

__all__ = ("Engine",)

_ENDED = "The session ended"
_GONE = Refusal("exchange.gone", "There is no such order at work")

Command = Literal["submit", "modify", "cancel"]


class Engine:
    """One exchange for the orders of one owner; see the module's text."""

    def __init__(self, rules: Rulebook, settings: MatchingSettings) -> None:
        self._rules = rules
        self._latency = timedelta(seconds=settings.latency)
        self._sessions = Sessions(rules)
        self._floor = Floor(rules, settings)
        self._flying: list[tuple[datetime, int, Submit | Modify | Cancel]] = []
        self._auction_from: dict[str, int] = {}
        self._count = 0
        self._turn_at: datetime | None = None
        self._now: datetime | None = None

    def step(self, now: datetime, inputs: Sequence[Input] = ()) -> list[Event]:
        """Let time come to `now` (aware UTC, market time), take `inputs` in order, and tell what happened.

        Commands that were due before `now` arrive before the inputs, those due at `now` after them.
        """
        if self._now is not None and now < self._now:
            self._turn_at = now  # the market was sought back: look at the sessions again
        self._now = now
        self._arrivals(now, before=True)
        self._turn(now)
        for item in inputs:
            match item:
                case Price():
                    self._price(item.key, item.snapshot, now)
                case Restore():
                    self._restore(item.order, item.instrument, now)
                case Cancel() if item.at_once:
                    self._cancel(item, now)
                case Submit() | Modify() | Cancel():
                    self._count += 1
                    heapq.heappush(self._flying, (now + self._latency, self._count, item))
        self._arrivals(now)
        out, self._floor.events = self._floor.events, []
        return out

    def watched(self) -> set[str]:
        """Instruments whose prices matter now."""
        return {order.key for order in self._on_the_way()} | self._floor.by_key.keys()

    def next_due(self) -> datetime | None:
        """When to step at the latest, for something to happen without a price; None when nothing is awaited."""
        due = [self._flying[0][0]] if self._flying else []
        if self._floor.orders and self._turn_at is not None:
            due.append(self._turn_at)
        return min(due) if due else None

    def at_work(self, order_id: str) -> bool:
        """Whether the order is in the book, or on its way there."""
        return order_id in self._floor.orders or any(order.id == order_id for order in self._on_the_way())

    # commands

    def _arrivals(self, now: datetime, *, before: bool = False) -> None:
        while self._flying and (self._flying[0][0] < now or (not before and self._flying[0][0] == now)):
            due, _, item = heapq.heappop(self._flying)
            self._turn(due)
            match item:
                case Submit():
                    self._submit(item.order, item.instrument, due)
                case Modify():
                    self._modify(item, due)
                case Cancel():
                    self._cancel(item, due)

    def _submit(self, order: Order, instrument: Instrument, now: datetime) -> None:
        admitted: Working | Refusal
        if order.id in self._floor.orders:
            admitted = Refusal("exchange.twice", "This order is already at work")
        else:
            try:
                admitted = self._admit(order, instrument, now)
            except Invalid as error:  # a day or name the rulebook does not know
                admitted = Refusal(error.code, error.detail)
        if isinstance(admitted, Refusal):
            self._reply(order.id, "submit", now, admitted)
            return
        self._reply(order.id, "submit", now, None)
        self._add(admitted)
        if admitted.stage == "live":
            self._floor.begin(admitted, now)

    def _admit(self, order: Order, instrument: Instrument, now: datetime) -> Working | Refusal:
        """The order as the book would hold it, or why not."""
        segment, day = instrument.segment, session_day(now)
        phase = self._sessions.phase(segment, now)
        if order.after_market:
            if phase is not None:
                return Refusal("exchange.open", "After-market orders are taken while the market is closed")
            if (no := check_terms(order, instrument, self._rules, day)) is not None:
                return no
            return Working(order, instrument, "queued", self._next(), self._sessions.good_day(segment, now))
        seen = self._floor.prices.get(instrument.key)
        refusal = check_order(order, instrument, phase, seen, self._rules, now, day)
        if refusal is not None:
            return refusal
        if phase is None:
            return Refusal("exchange.closed", f"The market is closed for {instrument.symbol}")
        working = Working(order, instrument, _stage(order, phase), self._next(), day)
        working.ends = self._sessions.ends(instrument, phase, day)
        if phase.name == "post_close" and seen is not None:
            working.limit = seen.ltp  # all trades are at the closing price
        return working

    def _modify(self, change: Modify, now: datetime) -> None:
        working = self._floor.orders.get(change.order_id)
        if working is None:
            self._reply(change.order_id, "modify", now, _GONE)
            return
        old = working.order
        new = _changed_terms(old, change)
        try:
            refusal = self._refuse_change(working, new, now)
        except Invalid as error:
            refusal = Refusal(error.code, error.detail)
        self._reply(change.order_id, "modify", now, refusal)
        if refusal is not None:
            return
        same_terms = (new.type, new.price, new.trigger) == (old.type, old.price, old.trigger)
        keeps_place = same_terms and new.quantity <= old.quantity
        working.order = new
        if not keeps_place:
            working.sequence, working.ahead, working.eager = self._next(), None, True
            working.shown = new.disclosed
            working.limit = working.limit if same_terms else new.price
            if working.stage in ("stop", "live"):
                working.stage = "stop" if new.trigger is not None and not working.triggered else "live"
        self._floor.events.append(working.changed(now))
        self._floor.finish_if_filled(working)
        if working.left and not keeps_place and working.stage == "live":
            self._floor.begin(working, now)

    def _refuse_change(self, working: Working, new: Order, now: datetime) -> Refusal | None:
        if new.quantity < max(1, working.filled):
            return Refusal("exchange.filled", f"{working.filled} are filled already: {new.quantity} is too few")
        instrument, day = working.instrument, session_day(now)
        if working.stage == "queued":
            return check_terms(new, instrument, self._rules, day)
        phase = self._sessions.phase(instrument.segment, now)
        seen = self._floor.prices.get(instrument.key)
        now_order = msgspec.structs.replace(new, triggered=working.triggered)
        return check_order(now_order, instrument, phase, seen, self._rules, now, day)

    def _cancel(self, command: Cancel, now: datetime) -> None:
        working = self._floor.orders.get(command.order_id)
        if working is None:
            self._reply(command.order_id, "cancel", now, _GONE)
            return
        self._reply(command.order_id, "cancel", now, None)
        self._floor.end(working, now, "CANCELLED", command.reason)

    def _restore(self, order: Order, instrument: Instrument, now: datetime) -> None:
        if order.id in self._floor.orders or order.quantity <= order.filled:
            return
        try:
            working = self._taken_back(order, instrument, now)
        except Invalid as error:
            self._floor.add(lost := Working(order, instrument, "collected", self._next(), session_day(now)))
            self._floor.end(lost, now, "CANCELLED", error.detail)
            return
        self._add(working)
        self._turn_at = now
        self._turn(now)
        seen = self._floor.prices.get(instrument.key)
        if working.stage == "live" and order.id in self._floor.orders:
            if seen is not None:
                self._floor.protect(working, seen, now)
            if working.limit is not None:
                working.eager = False  # it rested before the restart: it gets its own price, not a better one
                self._floor.rest(working)

    def _taken_back(self, order: Order, instrument: Instrument, now: datetime) -> Working:
        """The order as it stood before a restart, as far as that can be told."""
        segment, created = instrument.segment, order.created_market
        if order.after_market and not order.filled:
            return Working(order, instrument, "queued", self._next(), self._sessions.good_day(segment, created))
        day = session_day(created)
        if order.after_market:
            day = self._sessions.good_day(segment, created)
        session = self._sessions.session(segment, day)
        entered = (session.at(created) or session.phases[0]) if session else None
        here = self._sessions.phase(segment, now)
        working = Working(order, instrument, _stage(order, here) if here else "collected", self._next(), day)
        working.ends = self._sessions.ends(instrument, entered, day) if entered else now
        return working

    # prices and sessions

    def _price(self, key: str, new: Snapshot, now: datetime) -> None:
        traded = self._floor.see(key, new)
        orders = self._floor.by_key.get(key)
        if not orders:
            return
        phase = self._sessions.phase(orders[0].instrument.segment, now)
        for order in [o for o in orders if o.stage == "queued"]:
            self._turn_order(order, now)
        if phase is None or phase.name not in ("continuous", "post_close") or not new.fresh:
            return
        if collected := [o for o in orders if o.stage == "collected"]:
            if new.at < phase.start:
                return  # the opening trade has not been seen yet
            self._floor.match_auction(collected, new.open or new.ltp, new, new.volume, now)
        if key in self._floor.by_key:
            self._floor.work(key, traded, phase, now)

    def _turn(self, now: datetime) -> None:
        """Do what the change of a session phase asks for."""
        if self._turn_at is not None and now < self._turn_at:
            return
        for order in sorted(self._floor.orders.values(), key=lambda o: o.sequence):
            if order.order.id in self._floor.orders:
                self._turn_order(order, now)
        self._plan_turn(now)

    def _turn_order(self, order: Working, now: datetime) -> None:
        segment, today = order.instrument.segment, session_day(now)
        try:
            phase = self._sessions.phase(segment, now)
        except Invalid as error:  # the market has come to a day the rulebook does not know
            self._floor.end(order, now, "CANCELLED", error.detail)
            return
        if today > order.day or (order.ends is not None and now >= order.ends):
            self._last_call(order, now)
        elif order.stage == "queued":
            if today == order.day and phase is not None and order.order.type in phase.order_types:
                self._release(order, now)
        elif phase is not None and phase.name == "closing_auction" and order.stage in ("live", "stop"):
            self._carry(order, phase, now)

    def _release(self, order: Working, now: datetime) -> None:
        """Let an after-market order into the session that has begun, once there is a price to judge it by."""
        if order.instrument.key not in self._floor.prices:
            return
        admitted = self._admit(msgspec.structs.replace(order.order, after_market=False), order.instrument, now)
        if isinstance(admitted, Refusal):
            if admitted.code != "exchange.no_price":  # the first price of the day may still be to come
                self._floor.end(order, now, "REJECTED", admitted.reason)
            return
        order.stage, order.ends = admitted.stage, admitted.ends
        if order.stage == "live":
            self._floor.begin(order, now)

    def _carry(self, order: Working, phase: Phase, now: datetime) -> None:
        """Take a resting order into the closing auction, or cancel it."""
        kind = "LIMIT" if order.stage == "live" else order.order.type
        seen = self._floor.prices.get(order.instrument.key)
        if (phase.carries and kind not in phase.carries) or order.order.disclosed:
            reason = "Cancelled by the exchange: such orders are not taken into the closing auction"
            self._floor.end(order, now, "CANCELLED", reason)
            return
        if seen is not None:
            wrong = check_band(order.limit, order.instrument, phase, seen, self._rules, session_day(now))
            if wrong is not None:
                self._floor.end(order, now, "CANCELLED", wrong.reason)
                return
        order.stage = "collected"

    def _last_call(self, order: Working, now: datetime) -> None:
        """The order's time is over: match what waits for the closing auction, then let it expire."""
        key = order.instrument.key
        seen = self._floor.prices.get(key)
        if order.stage == "collected" and order.ends is not None and seen is not None:
            session = self._sessions.session(order.instrument.segment, order.day)
            begun = [p.start for p in session.phases if p.name == "closing_auction"] if session else []
            if begun and begun[0] <= seen.at <= order.ends:
                mates = [o for o in self._floor.by_key[key] if o.stage == "collected" and o.day == order.day]
                traded = max(0, seen.volume - self._auction_from.pop(key, seen.volume))
                self._floor.match_auction(mates, seen.ltp, seen, traded, now)
        if order.left:
            self._floor.end(order, now, "EXPIRED", _ENDED)

    def _plan_turn(self, now: datetime) -> None:
        orders = self._floor.orders.values()
        if not orders:
            self._turn_at = None
            return
        edges = [self._sessions.next_change(segment, now) for segment in {o.instrument.segment for o in orders}]
        edges += [o.ends for o in orders if o.ends is not None and o.ends > now]
        self._turn_at = min(edges)

    # the rest

    def _add(self, order: Working) -> None:
        self._floor.add(order)
        key, now = order.instrument.key, self._now
        if now is None:
            return
        for moment in (self._sessions.next_change(order.instrument.segment, now), order.ends):
            if moment is not None and (self._turn_at is None or moment < self._turn_at):
                self._turn_at = moment
        if key not in self._auction_from and (seen := self._floor.prices.get(key)) is not None:
            self._auction_from[key] = seen.volume

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _reply(self, order_id: str, command: Command, now: datetime, refusal: Refusal | None) -> None:
        reason, code = (refusal.reason, refusal.code) if refusal else ("", "")
        self._floor.events.append(
            Reply(order_id=order_id, command=command, ok=refusal is None, reason=reason, code=code, at=now)
        )

    def _on_the_way(self) -> list[Order]:
        return [item.order for _, _, item in self._flying if isinstance(item, Submit)]


def _stage(order: Order, phase: Phase) -> Stage:
    if phase.name in ("preopen", "closing_auction"):
        return "collected"
    return "stop" if order.trigger is not None and not order.triggered else "live"


def _changed_terms(old: Order, change: Modify) -> Order:
    """The order with the change; a type that has no price or trigger loses it."""
    kind = change.type or old.type
    price = change.price if change.price is not None else old.price
    trigger = change.trigger if change.trigger is not None else old.trigger
    return msgspec.structs.replace(
        old,
        type=kind,
        quantity=change.quantity if change.quantity is not None else old.quantity,
        price=price if kind in ("LIMIT", "SL") else None,
        trigger=trigger if kind in ("SL", "SL-M") else None,
    )
