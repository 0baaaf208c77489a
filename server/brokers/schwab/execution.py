"""Orders at Schwab. It keeps no id of ours, so an order is known by the number in the answer's Location header, and
where there is none, by its terms and the moment it was entered (`book.py`). What is in doubt stays UNKNOWN.

So that terms are enough, one order at a time is under way in a symbol, and none goes out that has the terms of one in
doubt. What a reading finds while an answer may still come is held back until it has come.

A sale sells what is held: selling short is an order of its own at Schwab and is not sent. A change is sent for what is
left to fill, which is read first; were it counted otherwise there, too little would trade and never too much.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from server.brokers.kit.events import Fanout
from server.brokers.kit.execution import BrokerExecution
from server.brokers.kit.http import Answer, Call
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import Listing
from server.brokers.schwab.book import ENDED, Attempt, one_order, only, successors
from server.brokers.schwab.http import SchwabHttp
from server.brokers.schwab.parse import PARSERS, order_number
from server.brokers.schwab.rows import TYPES, VALIDITIES
from server.brokers.schwab.stream import SchwabStream
from server.core.errors import SaudaError, Unknown
from server.domain.brokerage import Event, FundsLine, NoticeEvent, OrderLine, PositionLine, Receipt, TradeLine
from server.domain.orders import Fill, Order
from server.orders.ports import Change, NotAccepted

__all__ = ("SchwabExecution", "order_body")

_FIRST_LOOK = timedelta(days=60)
_LOOK_BACK = timedelta(days=4)
"""A day order entered before a long weekend is open after it."""
_AHEAD = timedelta(days=1)
_BOOK = 3000
_TURN, _LOOK = 2.0, 0.02
_AGAIN = (0.0, 0.3, 1.0)
"""Seconds before each look for an order that was taken without being named."""
_SECOND_LOOK = 1.5
"""Seconds from an account's news to the second reading: the book may lag behind them."""
_KEPT = timedelta(days=1)


class SchwabExecution(BrokerExecution):
    """Implements `orders.ports.Execution`."""

    def __init__(self, context: Context, http: SchwabHttp, stream: SchwabStream, events: Fanout[Event]) -> None:
        super().__init__(context, http)
        self._schwab = http
        self._prices = stream
        self._events = events
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._attempts: list[Attempt] = []
        self._placed: set[str] = set()
        """Numbers that answers gave for new orders: they replaced nothing."""
        self._next: dict[str, str] = {}
        """Replaced order -> the one that replaced it."""
        self._current: dict[str, str] = {}
        """Our id -> the number at which it works now."""
        self._before: dict[str, Decimal] = {}
        """Order -> what those it replaced had filled."""
        self._told_alive: set[str] = set()
        """Orders of others that were told: their end is told too."""
        self._seen: dict[str, datetime] = {}
        """Orders of others -> when they were first read: what was there before is not what was sent after."""
        self._held_back: set[str] = set()
        self._since: datetime | None = None
        self._later: asyncio.Task[None] | None = None

    def recall(self, orders: Iterable[Order]) -> None:
        """Numbers of the orders that may still change; those without one are looked for by their terms."""
        for order in orders:
            if order.broker_id:
                self._ours[order.broker_id] = order.id
            elif order.state in ("SUBMITTING", "UNKNOWN") and self.context.symbols.has(order.key):
                attempt = self._attempt(order, self.context.symbols.of(order.key), order.created)
                attempt.sending = False

    async def send_place(self, order: Order, listing: Listing) -> Receipt:
        """POST orders: 201 with nothing in it and the number in its head, which may be missing when it filled at
        once."""
        if listing.instrument.barred:
            raise NotAccepted(listing.instrument.barred, "broker.barred")
        async with self._turn(listing.symbol):
            body = order_body(order, listing, self.wire_quantity(listing, order.quantity))
            attempt = self._attempt(order, listing, self.context.clock.now())
            try:
                answer = await self._send("place", "POST", "/orders", body)
            except NotAccepted:
                self._attempts.remove(attempt)
                raise
            finally:
                attempt.sending = False
            number = order_number(answer.location) or await self._find_number(attempt)
            self._settle(attempt, number)
            self._tell_held_back()
            return Receipt(broker_id=number, client_id=order.id)

    async def send_modify(self, order: Order, change: Change, listing: Listing) -> Receipt:
        """PUT orders/{number}: a new order for what is left."""
        async with self._turn(listing.symbol):
            old = self._current.get(order.id, order.broker_id)
            line = await self._as_it_stands(old)
            done = self._before.get(old, Decimal(0)) + line.filled
            total = self.wire_quantity(listing, change.quantity if change.quantity is not None else order.quantity)
            if total <= done:
                raise NotAccepted(f"{done:f} are filled already.", "broker.modify")
            changed = _changed(order, change)
            attempt = self._attempt(changed, listing, self.context.clock.now(), left=total - done, replaces=old)
            body = order_body(changed, listing, total - done)
            try:
                answer = await self._send("modify", "PUT", f"/orders/{old}", body)
            except NotAccepted:
                self._attempts.remove(attempt)
                raise
            finally:
                attempt.sending = False
            number = order_number(answer.location) or await self._find_number(attempt)
            self._settle(attempt, number)
            self._before[number] = done
            self._tell_held_back()
            return Receipt(broker_id=number)

    async def send_cancel(self, order: Order, listing: Listing) -> Receipt:
        """DELETE orders/{number}: 200 with nothing in it; any other success proves nothing."""
        number = self._current.get(order.id, order.broker_id)
        call = Call(name="cancel", method="DELETE", path=f"{self._schwab.account}/orders/{number}", group="orders")
        answer = await self.http.submit(call, always=True)
        if answer.status != 200 or answer.body.strip():
            raise Unknown(
                f"Schwab answered a cancel with HTTP {answer.status} and something in it.", code="broker.answer"
            )
        return Receipt(broker_id=number)

    async def read_orders(self) -> list[OrderLine]:
        """Orders of the last days and those still open from before: at first sixty days back."""
        return self._sorted(PARSERS["orders"](await self._book("orders")))

    async def read_trades(self) -> list[TradeLine]:
        """Executions as the orders tell them; those of orders held back are held back with them."""
        body = await self._book("trades")
        self._sorted(PARSERS["orders"](body))
        lines: list[TradeLine] = PARSERS["trades"](body)
        return [line for line in lines if line.broker_id not in self._held_back]

    async def trades(self) -> list[Fill]:
        """As the base: whose they are was learnt from the same answer."""
        return [fill for line in await self.read_trades() if (fill := self._fill(line)) is not None]

    async def read_positions(self) -> list[PositionLine]:
        """GET the account with its positions."""
        call = Call(name="positions", method="GET", path=self._schwab.account, query=[("fields", "positions")])
        found: list[PositionLine] = PARSERS["positions"](await self.http.read(call))
        return found

    async def read_funds(self) -> list[FundsLine]:
        """GET the account."""
        call = Call(name="funds", method="GET", path=self._schwab.account)
        found: list[FundsLine] = PARSERS["funds"](await self.http.read(call))
        return found

    def execution_id(self, line: TradeLine) -> str:
        """It begins with the order's number."""
        return line.execution

    async def run_updates(self, sink: Callable[[Event], None], up: Callable[[], Awaitable[None]]) -> None:
        """The streamer says that something happened to the account; what it was is read from the book."""

        def woken(event: Event) -> None:
            if isinstance(event, NoticeEvent) and event.kind == "status":
                self.heard += 1
                self.refresh()
                self._look_again()

        self._events.listen_with(woken)
        self._prices.on_login = up
        await self._prices.start()
        await self._prices.ended()

    async def close(self) -> None:
        """As the base."""
        if self._later is not None:
            self._later.cancel()
            await asyncio.wait({self._later})
        await super().close()

    def _units(self, listing: Listing | None, quantity: Decimal) -> int | None:
        """Contracts are counted in shares here."""
        if listing is not None and listing.instrument.kind == "OPTION":
            quantity *= listing.instrument.lot
        return super()._units(listing, quantity)

    # sending

    @asynccontextmanager
    async def _turn(self, symbol: str) -> AsyncIterator[None]:
        """One order at a time in a symbol; refused, with nothing sent, where the one before takes too long."""
        turn, clock = self._turns[symbol], self.context.clock
        until = clock.monotonic() + _TURN
        while turn.locked():
            if clock.monotonic() >= until:
                raise NotAccepted(f"Another order in {symbol} is still on its way; nothing was sent.", "broker.turn")
            await clock.sleep(_LOOK)
        async with turn:
            yield

    def _attempt(
        self, order: Order, listing: Listing, at: datetime, left: Decimal | None = None, replaces: str = ""
    ) -> Attempt:
        """Remember what goes out. Raises NotAccepted while one with the same terms is in doubt."""
        attempt = Attempt(
            order=order.id,
            symbol=listing.symbol,
            side=order.side,
            quantity=self.wire_quantity(listing, order.quantity) if left is None else left,
            type=order.type,
            price=order.price if order.type in ("LIMIT", "SL") else None,
            trigger=order.trigger if order.type in ("SL", "SL-M") else None,
            at=at,
            replaces=replaces,
        )
        now = self.context.clock.now()
        self._attempts = [one for one in self._attempts if now - one.at < _KEPT]
        if any(one.terms == attempt.terms and one.order != order.id for one in self._attempts):
            raise NotAccepted(
                f"An order in {listing.symbol} with the same terms is in doubt at Schwab; a second could not be told "
                "from it. Nothing was sent.",
                "broker.in_doubt",
            )
        self._attempts.append(attempt)
        return attempt

    async def _send(self, name: str, method: str, path: str, body: dict[str, Any]) -> Answer:
        call = Call(
            name=name,
            method="POST" if method == "POST" else "PUT",
            path=f"{self._schwab.account}{path}",
            group="orders",
            json=body,
        )
        answer = await self.http.submit(call)
        if answer.status != 201:
            raise Unknown(f"Schwab answered {name} with HTTP {answer.status}, not 201.", code="broker.answer")
        return answer

    async def _find_number(self, attempt: Attempt) -> str:
        """It was taken, and its number is not in the answer: it is in the book."""
        attempt.sending = False
        for wait in _AGAIN:
            await self.context.clock.sleep(wait)
            try:
                await self.read_orders()
            except SaudaError:
                continue
            if attempt not in self._attempts:
                return next(number for number, order in reversed(self._ours.items()) if order == attempt.order)
        raise Unknown(
            "Schwab took the order without naming it, and its book does not show it yet.", code="broker.no_id"
        )

    def _settle(self, attempt: Attempt, number: str) -> None:
        """Its number is known."""
        if attempt in self._attempts:
            self._attempts.remove(attempt)
        self._ours[number] = attempt.order
        self._current[attempt.order] = number
        if attempt.replaces:
            self._next[attempt.replaces] = number
        else:
            self._placed.add(number)

    def _tell_held_back(self) -> None:
        """Read again what was held back for an answer that has come."""
        if self._held_back:
            self._held_back.clear()
            self.refresh()

    async def _as_it_stands(self, number: str) -> OrderLine:
        """One order, read before it is changed. Raises NotAccepted: nothing was sent."""
        call = Call(name="order_history", method="GET", path=f"{self._schwab.account}/orders/{number}")
        try:
            (line, *_) = PARSERS["order_history"](await self.http.read(call))
        except SaudaError as error:
            raise NotAccepted(f"Not sent: {error.detail}", error.code) from None
        if line.state in ENDED:
            raise NotAccepted(f"The order is {line.raw_state.lower()} already.", "broker.too_late")
        found: OrderLine = line
        return found

    # the book

    async def _book(self, name: str) -> bytes:
        now = self.context.clock.now()
        since = now - _FIRST_LOOK if self._since is None else min(self._since, now - _LOOK_BACK)
        query = [("fromEnteredTime", _text(since)), ("toEnteredTime", _text(now + _AHEAD)), ("maxResults", str(_BOOK))]
        path = f"{self._schwab.account}/orders"
        return await self.http.read(Call(name=name, method="GET", path=path, query=query))

    def _sorted(self, lines: list[OrderLine]) -> list[OrderLine]:
        """The book with our ids where they are known, a row of replaced orders as one; learns whose each is."""
        open_ = [line.placed for line in lines if line.state not in ENDED and line.placed is not None]
        self._since = min(open_, default=self.context.clock.now())
        self._claim(lines)
        self._next |= successors(lines, self._next, self._placed)
        for old, new in self._next.items():
            owner = self._ours.get(old) or self._ours.get(new)
            if owner:
                self._ours[old] = self._ours[new] = owner
        rows: dict[str, list[OrderLine]] = {}
        found = []
        for line in lines:
            owner = self._ours.get(line.broker_id, "")
            if owner:
                rows.setdefault(owner, []).append(line)
            elif line.broker_id not in self._held_back and self._tells(line):
                found.append(line)
        for owner, row in rows.items():
            whole = one_order(row, owner)
            self._current[owner] = whole.broker_id
            self._before[whole.broker_id] = whole.quantity - next(
                line.quantity for line in row if line.broker_id == whole.broker_id
            )
            found.append(whole)
        return found

    def _claim(self, lines: list[OrderLine]) -> None:
        """Give lost orders and changes their numbers, where the book leaves no doubt; hold back what may be one whose
        answer is still to come."""
        free = [line for line in lines if line.broker_id not in self._ours and not line.parent_id]
        replaced = {line.broker_id for line in lines if line.raw_state == "REPLACED"}
        now = self.context.clock.now()
        for line in free:
            self._seen.setdefault(line.broker_id, now)
        self._held_back = {
            line.broker_id
            for line in free
            if any(one.sending and one.fits(line) and self._after(one, line) for one in self._attempts)
        }
        rivals = list(self._attempts)
        for attempt in rivals:
            if attempt.sending or (attempt.replaces and attempt.replaces not in replaced):
                continue
            found = only(attempt, [line for line in free if self._after(attempt, line)], rivals)
            if found is not None:
                attempt.number = found.broker_id
                self._settle(attempt, found.broker_id)

    def _after(self, attempt: Attempt, line: OrderLine) -> bool:
        return self._seen[line.broker_id] >= attempt.at

    def _tells(self, line: OrderLine) -> bool:
        """Whether somebody else's order is worth telling: one that was replaced with nothing filled says nothing,
        unless it was told before."""
        if line.state not in ENDED:
            self._told_alive.add(line.broker_id)
        return line.raw_state != "REPLACED" or line.filled > 0 or line.broker_id in self._told_alive

    def _look_again(self) -> None:
        async def later() -> None:
            await self.context.clock.sleep(_SECOND_LOOK)
            self.refresh()

        if self._later is None or self._later.done():
            self._later = asyncio.create_task(later(), name=f"schwab:second-look:{self.context.account}")


def order_body(order: Order, listing: Listing, quantity: Decimal) -> dict[str, Any]:
    """An order as Schwab has it; prices are text, so that none is rounded on the way."""
    body: dict[str, Any] = {
        "session": "NORMAL",
        "duration": VALIDITIES.write(order.validity),
        "orderType": TYPES.write(order.type),
        "orderStrategyType": "SINGLE",
        "orderLegCollection": [
            {
                "instruction": order.side,
                "quantity": int(quantity),
                "instrument": {"symbol": listing.symbol, "assetType": "EQUITY"},
            }
        ],
    }
    if order.type in ("LIMIT", "SL") and order.price is not None:
        body["price"] = format(order.price, "f")
    if order.type in ("SL", "SL-M") and order.trigger is not None:
        body["stopPrice"] = format(order.trigger, "f")
    return body


def _changed(order: Order, change: Change) -> Order:
    fields = {name: getattr(change, name) for name in ("price", "trigger", "type")}
    return msgspec.structs.replace(order, **{name: value for name, value in fields.items() if value is not None})


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
