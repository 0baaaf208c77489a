"""The trading floor: orders at work, the last prices, and what happens when they meet.

Knows nothing of time on the way, of sessions or of commands (`engine`); it only fills, triggers and ends orders, and
writes down what happened in `events`.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Literal

from server.matching.auction import allot
from server.matching.chance import chance
from server.matching.checks import check_band
from server.matching.liquidity import Liquidity, to_tick
from server.matching.messages import Event, Trade
from server.matching.resting import fill_from_trades, join_queue, move_queue
from server.matching.sessions import session_day
from server.matching.settings import MatchingSettings
from server.matching.snapshot import Snapshot
from server.matching.working import Working
from server.rulebook import Phase, Rulebook

__all__ = ("Floor",)


class Floor:
    """Orders by id and by instrument, with the prices they meet."""

    def __init__(self, rules: Rulebook, settings: MatchingSettings) -> None:
        self._rules = rules
        self._settings = settings
        self._liquidity: dict[str, Liquidity] = {}
        self.orders: dict[str, Working] = {}
        self.by_key: dict[str, list[Working]] = {}
        self.prices: dict[str, Snapshot] = {}
        self.events: list[Event] = []

    def add(self, order: Working) -> None:
        """Take an order in."""
        self.orders[order.order.id] = order
        self.by_key.setdefault(order.instrument.key, []).append(order)

    def end(
        self, order: Working, now: datetime, state: Literal["CANCELLED", "EXPIRED", "REJECTED"], reason: str
    ) -> None:
        """Let an order go, unfilled or half filled."""
        self.events.append(order.changed(now, state, reason))
        self._drop(order)

    def see(self, key: str, new: Snapshot) -> int:
        """Take a new price; returns the units traded since the one before (0 where the source does not say)."""
        old = self.prices.get(key)
        self.prices[key] = new
        self._liquidity.setdefault(key, Liquidity()).refresh(new)
        if old is None or old.volume <= 0 or session_day(old.at) != session_day(new.at):
            return 0
        return max(0, new.volume - old.volume)

    def begin(self, order: Working, now: datetime) -> None:
        """Let a live order that has just come, changed or triggered meet the market."""
        seen = self.prices.get(order.instrument.key)
        if seen is not None:
            self.protect(order, seen, now)
            self._take(order, seen, now)
        if order.left and order.order.validity == "IOC":
            self.end(order, now, "CANCELLED", "Immediate or cancel: the rest was not to be had at once")

    def finish_if_filled(self, order: Working) -> None:
        """Let go of an order whose quantity was lowered to what is filled."""
        if order.left <= 0:
            self._drop(order)

    def protect(self, order: Working, seen: Snapshot, now: datetime) -> None:
        """Give a market order the limit that protects it, inside the price band."""
        if order.limit is not None or not seen.fresh:
            return
        instrument, day = order.instrument, session_day(now)
        percent = order.order.protection
        if percent is None:
            percent = self._rules.protection(instrument, seen.ltp, day)
        reference = seen.ltp if instrument.derivative or seen.close is None else seen.close
        low, high = self._rules.price_band(instrument, reference, day)
        away = seen.ltp * percent / 100
        if order.buy:
            order.limit = min(to_tick(seen.ltp + away, instrument.tick, up=False), high)
        else:
            order.limit = max(to_tick(max(seen.ltp - away, instrument.tick), instrument.tick, up=True), low)

    def rest(self, order: Working) -> None:
        """Put an order that takes nothing any more at the end of its queue."""
        seen = self.prices.get(order.instrument.key)
        if seen is not None:
            order.eager = False
            join_queue(order, seen)

    def work(self, key: str, traded: int, phase: Phase, now: datetime) -> None:
        """Let the newest price fill, move and trigger the live orders of one instrument."""
        orders, new = self.by_key[key], self.prices[key]
        used = {"BUY": 0, "SELL": 0}
        for order in sorted((o for o in orders if o.stage == "live" and not o.eager), key=_price_time):
            used[order.order.side] += self._work_resting(order, new, traded, used[order.order.side], now)
        for order in [o for o in orders if o.stage == "live" and o.eager]:
            self.protect(order, new, now)
            self._take(order, new, now)
        for order in sorted((o for o in orders if o.stage == "stop"), key=lambda o: o.sequence):
            if _stop_reached(order, new.ltp):
                self._trigger(order, new, phase, now)

    def match_auction(
        self, orders: Iterable[Working], price: Decimal, seen: Snapshot, traded: int, now: datetime
    ) -> None:
        """Fill collected orders at the auction's price; what is left goes on as limit orders."""
        mates = list(orders)
        for order, got in allot(mates, price, seen, traded):
            self._fill(order, got, price, "taker", now)
        for order in mates:
            order.stage = "live"
            if order.limit is None:
                order.limit = price
            if order.left:
                self.rest(order)

    def _work_resting(self, order: Working, new: Snapshot, traded: int, used: int, now: datetime) -> int:
        """Fill an order at rest; returns what it took of the traded units."""
        if order.limit is None:
            return 0
        got = fill_from_trades(order, new, traded, used)
        if not got and new.bare and not new.volume and _through(order, new.ltp):
            got = self._bare_part(order)
        self._fill(order, got, order.limit, "maker", now)
        if order.left:
            book = self._liquidity[order.instrument.key]
            for part in book.take(order.order.side, order.limit, order.left, order.instrument, self._settings.slippage):
                self._fill(order, part.quantity, order.limit, "maker", now)
        if order.left and order.order.disclosed and order.shown <= 0:
            order.shown = min(order.order.disclosed, order.left)
            join_queue(order, new)  # the next part is disclosed at the back
        elif order.left:
            move_queue(order, new)
        return got

    def _trigger(self, order: Working, new: Snapshot, phase: Phase, now: datetime) -> None:
        order.triggered = True
        order.stage = "live"
        self.events.append(order.changed(now))
        wrong = check_band(order.order.price, order.instrument, phase, new, self._rules, session_day(now))
        if wrong is not None:
            self.end(order, now, "CANCELLED", wrong.reason)
        else:
            self.begin(order, now)

    def _take(self, order: Working, seen: Snapshot, now: datetime) -> None:
        """Take what can be had; what is left rests. On a price that is not fresh nothing happens."""
        if not seen.fresh or order.limit is None:
            return
        if seen.bare and order.crosses(seen.ltp):
            # a rest stays eager and is worked with the next price
            self._fill(order, self._bare_part(order), self._slipped(order, seen.ltp), "taker", now)
            return
        book = self._liquidity[order.instrument.key]
        for part in book.take(order.order.side, order.limit, order.left, order.instrument, self._settings.slippage):
            self._fill(order, part.quantity, part.price, "taker", now)
        if order.left:
            order.eager = False
            join_queue(order, seen)

    def _slipped(self, order: Working, ltp: Decimal) -> Decimal:
        """The price of a fill without a book: slipped against us, never past the limit."""
        away, tick, limit = ltp * self._settings.slippage, order.instrument.tick, order.limit or ltp
        if order.buy:
            return min(to_tick(ltp + away, tick, up=True), limit)
        return max(to_tick(ltp - away, tick, up=False), limit)

    def _bare_part(self, order: Working) -> int:
        """What a fill without a book gives: mostly all, now and then 70-90 %, in whole lots."""
        s, about = self._settings, (order.order.id, order.filled)
        lots = order.left // order.instrument.lot
        if lots < 2 or chance(s.seed, *about) >= s.partial_chance:
            return order.left
        share = s.partial_low + (s.partial_high - s.partial_low) * chance(s.seed, *about, "share")
        return max(1, min(lots - 1, int(lots * share))) * order.instrument.lot

    def _fill(
        self, order: Working, quantity: int, price: Decimal, liquidity: Literal["taker", "maker"], now: datetime
    ) -> None:
        if quantity <= 0:
            return
        order.filled += quantity
        order.shown = max(0, order.shown - quantity)
        self.events.append(
            Trade(
                execution=f"{order.order.id}-{order.filled}",
                order_id=order.order.id,
                quantity=quantity,
                price=price,
                liquidity=liquidity,
                at=now,
            )
        )
        if order.left <= 0:
            self._drop(order)

    def _drop(self, order: Working) -> None:
        if self.orders.pop(order.order.id, None) is None:
            return
        mates = self.by_key[order.instrument.key]
        mates.remove(order)
        if not mates:
            del self.by_key[order.instrument.key]


def _stop_reached(order: Working, ltp: Decimal) -> bool:
    trigger = order.order.trigger
    if trigger is None:
        return False
    return ltp >= trigger if order.buy else ltp <= trigger


def _through(order: Working, ltp: Decimal) -> bool:
    if order.limit is None:
        return False
    return ltp < order.limit if order.buy else ltp > order.limit


def _price_time(order: Working) -> tuple[Decimal, int]:
    limit = order.limit if order.limit is not None else Decimal(0)
    return (-limit if order.buy else limit, order.sequence)
