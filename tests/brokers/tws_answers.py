"""The fake gateway's answers, message by message: what is asked of it is read here and answered from its state."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from tests.brokers import tws_messages as told
from tests.brokers.exchange import Refused
from tests.brokers.tws_line import Line
from tests.brokers.tws_requests import ContractAsked, Fields, HistoryAsked, order_sent

if TYPE_CHECKING:
    from tests.brokers.interactive_brokers import FakeGateway

__all__ = ("Answers",)

_LINES = 100
"""Subscriptions to prices that every account has."""
_SUMMARIES = 2
_FARMS = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)
_UNKNOWN = "No security definition has been found for the request"
_DAYS = {"D": 1, "W": 7, "M": 30, "Y": 365}
_SIZES = {
    "1 min": timedelta(minutes=1),
    "3 mins": timedelta(minutes=3),
    "5 mins": timedelta(minutes=5),
    "15 mins": timedelta(minutes=15),
    "30 mins": timedelta(minutes=30),
    "1 hour": timedelta(hours=1),
    "1 day": timedelta(days=1),
    "1 week": timedelta(days=7),
    "1 month": timedelta(days=30),
}
_PLACES = Decimal("0.01")


class Answers:
    """Called for every message of every line once its handshake is done."""

    def __init__(self, fake: "FakeGateway") -> None:
        self._fake = fake
        self._known: dict[int, Callable[[Line, Fields], None]] = {
            1: self._prices,
            2: self._no_prices,
            3: self._order,
            4: self._cancel,
            5: self._open_orders,
            7: self._executions,
            8: self._ids,
            9: self._contract,
            16: self._open_orders,
            17: self._accounts,
            20: self._history,
            49: self._time,
            59: self._data_type,
            61: self._positions,
            62: self._summary,
            63: self._no_summary,
            64: self._no_positions,
            71: self._start,
            99: self._completed,
        }

    def __call__(self, line: Line, message: int, fields: Fields) -> None:
        known = self._known.get(message)
        if known is None or (line.client < 0 and message != 71):
            self._fake.unread.append(f"message {message} is not known here, or came before the API was started")
            line.say(told.error(-1, 505, "Fatal Error: Unknown message id."))
            line.close()
            return
        known(line, fields)

    # the line

    def _start(self, line: Line, fields: Fields) -> None:
        fields.version(2)
        number = fields.whole()
        fields.text()  # optional capabilities
        fields.end()
        if number in {other.client for other in self._fake.lines if other is not line}:
            text = "Unable to connect as the client id is already in use. Retry with a unique client id."
            line.say(told.error(-1, 326, text))
            line.close()
            return
        line.client = number
        words = [told.error(-1, code, text) for code, text in _FARMS]
        line.say(told.accounts(self._fake.accounts), told.next_id(self._fake.next_number(number)), *words)

    def _ids(self, line: Line, fields: Fields) -> None:
        fields.version(1)
        fields.whole()
        fields.end()
        line.say(told.next_id(self._fake.next_number(line.client)))

    def _accounts(self, line: Line, fields: Fields) -> None:
        fields.version(1)
        fields.end()
        line.say(told.accounts(self._fake.accounts))

    def _time(self, line: Line, fields: Fields) -> None:
        fields.version(1)
        fields.end()
        line.reply("ping", told.current_time(self._fake.now()))

    # orders

    def _order(self, line: Line, fields: Fields) -> None:
        sent = order_sent(fields.rest())
        if sent.what_if:
            try:
                answer = told.open_order(self._fake.what_if(line, sent))
            except Refused as no:
                answer = told.error(sent.number, int(no.kind), no.message)
            line.reply("margin", answer, number=sent.number)
        elif self._fake.lost != "kept":
            call = "modify" if self._fake.known(line.client, sent.number) else "place"
            line.command(call, sent.number, partial(self._fake.order, line, sent))

    def _cancel(self, line: Line, fields: Fields) -> None:
        fields.version(1)
        number = fields.whole()
        fields.text()  # time of a cancel by hand
        fields.end()
        if self._fake.lost != "kept":
            line.command("cancel", number, partial(self._fake.cancel, line, number))

    def _open_orders(self, line: Line, fields: Fields) -> None:
        fields.version(1)
        fields.end()
        messages = []
        for order in self._fake.exchange.orders.values():
            if order.live:
                state = self._fake.as_told(order)
                messages += [told.open_order(state), told.order_status(state)]
        line.reply("orders", *messages, told.open_orders_end())
        self._fake.listens(line)

    def _completed(self, line: Line, fields: Fields) -> None:
        fields.flag()  # of the API only
        fields.end()
        known = self._fake.exchange.orders.values() if not self._fake.late_books else ()
        ended = [order for order in known if not order.live]
        at = [self._fake.stamp(order.updated) for order in ended]
        rows = [told.completed(self._fake.as_told(order), when) for order, when in zip(ended, at, strict=True)]
        line.reply("completed", *rows, told.completed_end())

    def _executions(self, line: Line, fields: Fields) -> None:
        fields.version(3)
        number = fields.whole()
        for _ in range(7):  # the filter
            fields.text()
        fields.end()
        messages = []
        for trade in self._fake.exchange.trades:
            run = self._fake.executed(trade)
            messages += [told.execution(number, run), told.commission(run.id, self._fake.commission)]
        line.reply("trades", *messages, told.executions_end(number), number=number)

    # the account

    def _positions(self, line: Line, fields: Fields) -> None:
        fields.version(1)
        fields.end()
        line.positions = True
        line.reply("positions", *self._fake.held(), told.positions_end())

    def _no_positions(self, line: Line, fields: Fields) -> None:
        fields.version(1)
        fields.end()
        line.positions = False

    def _summary(self, line: Line, fields: Fields) -> None:
        fields.version(1)
        number = fields.whole()
        group, tags = fields.text(), fields.text().split(",")
        fields.end()
        if len(line.summaries) >= _SUMMARIES:
            text = "Error processing request.-'bP' : cause - Maximum number of account summary requests exceeded"
            line.say(told.error(number, 322, text))
            return
        line.summaries.add(number)
        rows = [
            told.summary(number, account, tag, value, currency)
            for account in (self._fake.accounts if group == "All" else [])
            for tag, value, currency in self._fake.figures(tags)
        ]
        line.reply("funds", *rows, told.summary_end(number), number=number)

    def _no_summary(self, line: Line, fields: Fields) -> None:
        fields.version(1)
        line.summaries.discard(fields.whole())
        fields.end()

    # contracts and prices

    def _contract(self, line: Line, fields: Fields) -> None:
        fields.version(8)
        number, asked = fields.whole(), ContractAsked.read(fields)
        fields.flag()  # expired ones too
        for _ in range(3):  # kind of id, id, issuer
            fields.text()
        fields.end()
        key = self._fake.key_of(asked)
        if key is None:
            line.reply("instruments", told.error(number, 200, _UNKNOWN), number=number)
            return
        instrument = self._fake.exchange.instruments[key]
        title = instrument.title or f"{instrument.symbol} INC"
        details = told.contract_details(number, self._fake.contract(key), instrument.tick, title, "NASDAQ")
        line.reply("instruments", details, told.contract_details_end(number), number=number)

    def _prices(self, line: Line, fields: Fields) -> None:
        fields.version(11)
        number, asked = fields.whole(), ContractAsked.read(fields)
        fields.flag()  # hedged by delta
        fields.text()  # generic ticks
        snapshot = fields.flag()
        fields.flag(), fields.text()  # regulatory, options
        fields.end()
        key = self._fake.key_of(asked)
        no = (
            told.error(number, 200, _UNKNOWN)
            if key is None
            else told.error(number, 354, "Requested market data is not subscribed.")
            if not self._fake.subscribed
            else told.error(number, 101, "Max number of tickers has been reached")
            if not snapshot and len(line.watched) >= _LINES
            else None
        )
        if no is not None or key is None:
            line.reply("quotes", no or b"", number=number)
            return
        ticks = self.ticks(number, key, whole=True)
        if snapshot:
            line.reply("quotes", *ticks, told.snapshot_end(number), number=number)
        else:
            line.watched[number] = key
            line.say(*ticks)

    def _no_prices(self, line: Line, fields: Fields) -> None:
        fields.version(2)
        number = fields.whole()
        fields.end()
        if line.watched.pop(number, None) is None:
            line.say(told.error(number, 300, f"Can't find EId with tickerId:{number}"))

    def _data_type(self, line: Line, fields: Fields) -> None:
        fields.version(1)
        fields.whole()
        fields.end()

    def ticks(self, number: int, key: str, *, whole: bool = False) -> list[bytes]:
        """Prices of an instrument, and all that is known of its day at first."""
        book, at = self._fake.exchange.books[key], int(self._fake.now().timestamp())
        found = [
            told.tick_price(number, 1, book.bid, book.bid_left),
            told.tick_size(number, 0, book.bid_left),
            told.tick_price(number, 2, book.ask, book.ask_left),
            told.tick_size(number, 3, book.ask_left),
            told.tick_string(number, 45, str(at)),
            told.tick_price(number, 4, book.ltp, 1),
            told.tick_size(number, 5, 1),
            told.tick_size(number, 8, book.volume),
        ]
        if not whole:
            return found
        head = [told.tick_parameters(number, self._fake.exchange.instruments[key].tick)]
        day = ((6, book.high), (7, book.low), (9, book.close), (14, book.open))
        return [*head, told.market_data_type(number, 1), *found, *(told.tick_price(number, k, p, 0) for k, p in day)]

    def _history(self, line: Line, fields: Fields) -> None:
        asked = HistoryAsked.read(fields)
        number, key = asked.number, self._fake.key_of(asked.contract)
        step, (many, unit) = _SIZES.get(asked.size), asked.duration.split(" ")
        if key is None:
            line.reply("history", told.error(number, 200, _UNKNOWN), number=number)
            return
        if step is None or asked.what != "TRADES":
            text = "Error validating request.-'bW' : cause - Historical data bar size setting is invalid."
            line.reply("history", told.error(number, 321, text), number=number)
            return
        last = datetime.strptime(asked.end, "%Y%m%d %H:%M:%S UTC").replace(tzinfo=UTC)
        first = max(last - timedelta(days=int(many) * _DAYS[unit]), self._fake.listed_since)
        within = step < timedelta(days=1)
        at = first.replace(minute=0, second=0, microsecond=0)
        price = self._fake.exchange.books[key].ltp
        bars: list[told.BarTold] = []
        while at < last and len(bars) < 2000:
            text = (str(int(at.timestamp())) if asked.epoch else self._fake.stamp(at)) if within else f"{at:%Y%m%d}"
            bars.append(told.BarTold(text, price, price + 2, price - 2, price + 1, 1000))
            at += step
        if not bars:
            text = f"Historical Market Data Service error message:HMDS query returned no data: {asked.contract.symbol}"
            line.reply("history", told.error(number, 162, text), number=number)
            return
        start, end = self._fake.stamp(first), self._fake.stamp(last)
        line.reply("history", told.history(number, start, end, bars), number=number)
