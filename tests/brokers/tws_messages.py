"""What a gateway says in the TWS protocol, field by field as server version 178 has it.

Values that a test does not set are those that a real gateway was seen to send: unset doubles and whole numbers as Java
writes them, `?` for the right of a share, `None` for a type that is none. Each function gives one framed message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.brokers.tws_frames import UNSET, UNSET_WHOLE, double, frame

__all__ = (
    "BarTold",
    "ContractTold",
    "ExecutionTold",
    "OrderTold",
    "accounts",
    "commission",
    "completed",
    "completed_end",
    "contract_details",
    "contract_details_end",
    "current_time",
    "error",
    "execution",
    "executions_end",
    "history",
    "market_data_type",
    "next_id",
    "open_order",
    "open_orders_end",
    "order_status",
    "position",
    "positions_end",
    "snapshot_end",
    "stamp",
    "summary",
    "summary_end",
    "tick_parameters",
    "tick_price",
    "tick_size",
    "tick_string",
)

_LONGEST = 9223372036854775807
_NO_MARGIN = (UNSET,) * 9


def stamp(at: datetime, zone: str = "America/New_York") -> str:
    """A moment in the gateway's zone, named; without a zone in this machine's, with two blanks, as older ones do."""
    if not zone:
        return f"{at.astimezone():%Y%m%d  %H:%M:%S}"
    return f"{at.astimezone(ZoneInfo(zone)):%Y%m%d %H:%M:%S} {zone}"


@dataclass(frozen=True)
class ContractTold:
    """A share as the gateway names it."""

    con_id: int
    symbol: str
    exchange: str = "SMART"
    currency: str = "USD"
    trading_class: str = "NMS"
    sec_type: str = "STK"

    def head(self, right: str = "?", strike: str = "0", exchange: str | None = None) -> tuple[object, ...]:
        """The eleven fields of a contract in orders, executions and positions."""
        where = self.exchange if exchange is None else exchange
        kind = (self.con_id, self.symbol, self.sec_type, "", strike, right, "")
        return (*kind, where, self.currency, self.symbol, self.trading_class)


@dataclass(frozen=True)
class OrderTold:
    """An order as it stands."""

    contract: ContractTold
    account: str
    number: int
    client: int
    perm: int
    side: str
    quantity: int
    type: str
    limit: Decimal | None
    stop: Decimal | None
    tif: str
    ref: str
    status: str
    filled: int = 0
    average: Decimal = Decimal(0)
    last: Decimal = Decimal(0)
    commission: Decimal | None = None
    what_if: bool = False
    margin: Decimal | None = None
    """What it would change, of a what-if."""

    @property
    def left(self) -> int:
        """Units still to fill."""
        return self.quantity - self.filled


@dataclass(frozen=True)
class ExecutionTold:
    """One execution."""

    contract: ContractTold
    id: str
    at: str
    account: str
    venue: str
    side: str
    quantity: int
    price: Decimal
    perm: int
    client: int
    number: int
    filled: int
    average: Decimal
    ref: str


@dataclass(frozen=True)
class BarTold:
    """One bar; `at` is a day or seconds."""

    at: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int


# the line


def next_id(number: int) -> bytes:
    """The least order number that this client may use."""
    return frame(9, 1, number)


def accounts(names: Sequence[str]) -> bytes:
    """The accounts behind the gateway."""
    return frame(15, 1, ",".join(names))


def current_time(at: datetime) -> bytes:
    """Seconds since 1970."""
    return frame(49, 1, int(at.timestamp()))


def error(number: int, code: int, text: str) -> bytes:
    """An error or word, of a request, of an order (their numbers are one row) or of the line (-1)."""
    return frame(4, 2, number, code, text, "")


# orders


def open_order(told: OrderTold) -> bytes:
    """Message 5."""
    limit = told.limit if told.limit is not None else Decimal(0)
    trail = double(limit + 1) if told.type == "LMT" else UNSET
    margins: tuple[object, ...] = _NO_MARGIN
    if told.margin is not None:
        used, cash = double(told.margin), double(Decimal(500000))
        margins = ("0.0", "0.0", cash, used, used, "0.0", used, used, cash)
    paid = double(told.commission) if told.commission is not None else ""
    return frame(
        5, told.number, *told.contract.head(),
        told.side, told.quantity, told.type, double(told.limit), double(told.stop), told.tif, "", told.account, "", 0,
        told.ref, told.client, told.perm, 0, 0, 0, "", f"{told.perm}.0/{told.account}/{told.quantity}",
        "", "", "",  # advisors' groups
        "", "", "", "", "",  # model to settling firm
        0, "", -1, 0, "", "", "", "", "", UNSET_WHOLE, 0, 0, 0, "", 3, 0, 0, "", 0, 0,
        "", 0, "None", "", 0, "", "", "", "?", 0, 0, "",  # volatility and its hedge
        0, 0, "", "", "", "", "",  # trailing, basis points, legs in words
        0, 0, 0,  # legs
        UNSET_WHOLE, UNSET_WHOLE, "", "", 0, "", "IB", 0, 0, "", 0, told.what_if,
        told.status, *margins, paid, "", "", "USD" if paid else "", "",
        0, 0, 0, "None", UNSET, trail, UNSET, UNSET, UNSET, UNSET, 0, "", "", "", 0, 1, 0, 0, 0,
        "", "", 0,  # duration, post to ATS, cancel with its parent
        "", 100, "0.02", "", "",
    )  # fmt: skip


def order_status(told: OrderTold) -> bytes:
    """Message 3."""
    return frame(
        3, told.number, told.status, told.filled, told.left, _short(told.average), told.perm, 0, _short(told.last),
        told.client, "", 0,
    )  # fmt: skip


def completed(told: OrderTold, at: str) -> bytes:
    """Message 101. It bears no number and no client; its quantity is what was left when it ended."""
    words = f"Filled Size: {told.filled}" if told.status == "Filled" else "Cancelled by Trader"
    return frame(
        101, *told.contract.head(),
        told.side, told.left, told.type, double(told.limit), double(told.stop), told.tif, "", told.account, "", 0,
        told.ref, told.perm, 0, 0, 0, "", "", "", "",
        "", "", "", "", "", 0, "", -1, "", "", "", "", "", UNSET_WHOLE, 0, 0, "", 3, 0,
        "", 0, "None", "", 0, 0, 0, "",
        0, 0, "", "", "", 0, 0, 0, UNSET_WHOLE, UNSET_WHOLE, "", "", "", "IB", 0, 0, "", 0, told.status,
        0, 0, 0, UNSET, UNSET, 0, 1, 0, "", told.filled, UNSET_WHOLE, 0, "Not an insider or substantial shareholder",
        0, 0, _LONGEST, at, words, "", "", "", "", "",
    )  # fmt: skip


def execution(number: int, told: ExecutionTold) -> bytes:
    """Message 11: pushed under -1, or for a request."""
    return frame(
        11, number, told.number, *told.contract.head("", "0.0", told.venue),
        told.id, told.at, told.account, told.venue, told.side, told.quantity, _short(told.price), told.perm,
        told.client, 0, told.filled, _short(told.average), told.ref, "", "", "", 2, 0,
    )  # fmt: skip


def commission(execution_id: str, amount: Decimal) -> bytes:
    """Message 59: what an execution cost."""
    return frame(59, 1, execution_id, double(amount), "USD", UNSET, UNSET, "")


def open_orders_end() -> bytes:
    """Message 53."""
    return frame(53, 1)


def completed_end() -> bytes:
    """Message 102."""
    return frame(102)


def executions_end(number: int) -> bytes:
    """Message 55."""
    return frame(55, 1, number)


# the account


def position(contract: ContractTold, account: str, held: int, cost: Decimal) -> bytes:
    """Message 61."""
    return frame(61, 3, account, *contract.head("", "0.0", ""), held, double(cost))


def positions_end() -> bytes:
    """Message 62."""
    return frame(62, 1)


def summary(number: int, account: str, tag: str, value: object, currency: str) -> bytes:
    """Message 63: one figure."""
    return frame(63, 1, number, account, tag, value, currency)


def summary_end(number: int) -> bytes:
    """Message 64."""
    return frame(64, 1, number)


# contracts and prices


def contract_details(number: int, contract: ContractTold, tick: Decimal, title: str, primary: str) -> bytes:
    """Message 10, of a share."""
    name, hours = contract.trading_class, "20261130:0930-20261130:1600"
    return frame(
        10, number, contract.symbol, contract.sec_type, "", 0, "", contract.exchange, contract.currency,
        contract.symbol, name, name, contract.con_id, tick,
        "", "DAY,GTC,IOC,LMT,MKT,STP,STPLMT,WHATIF", "SMART,NYSE,ISLAND,ARCA", 1, 0, title, primary,
        "", "Technology", "Computers", "Computers", "US/Eastern", hours, hours, "", "",
        1, "ISIN", "US0000000000", 1, "", "", "26,26,26", "", "COMMON", "0.0001", "0.0001", 100,
    )  # fmt: skip


def contract_details_end(number: int) -> bytes:
    """Message 52."""
    return frame(52, 1, number)


def tick_price(number: int, kind: int, price: Decimal, size: int) -> bytes:
    """Message 1: 1 bid, 2 ask, 4 last, 6 high, 7 low, 9 close, 14 open."""
    return frame(1, 6, number, kind, double(price), size, 0)


def tick_size(number: int, kind: int, size: int) -> bytes:
    """Message 2: 0 bid, 3 ask, 5 last, 8 volume."""
    return frame(2, 6, number, kind, size)


def tick_string(number: int, kind: int, text: str) -> bytes:
    """Message 46: 45 is the time of the last trade."""
    return frame(46, 6, number, kind, text)


def tick_parameters(number: int, tick: Decimal) -> bytes:
    """Message 81: precedes the ticks of a request."""
    return frame(81, number, tick, "9c0001", 3)


def market_data_type(number: int, kind: int) -> bytes:
    """Message 58: 1 is live."""
    return frame(58, 1, number, kind)


def snapshot_end(number: int) -> bytes:
    """Message 57."""
    return frame(57, 1, number)


def history(number: int, start: str, end: str, bars: Sequence[BarTold]) -> bytes:
    """Message 17."""
    told: list[object] = []
    for bar in bars:
        told += (bar.at, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.close, 100)
    return frame(17, number, start, end, len(bars), *told)


def _short(value: Decimal) -> str:
    """A figure without needless zeros."""
    return format(value.normalize(), "f") if value else "0"
