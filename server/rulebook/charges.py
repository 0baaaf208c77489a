"""Charges on trades: brokerage, STT or CTT, exchange and SEBI fees, GST, stamp duty.

Lines are rounded as a contract note rounds them: STT to the nearest rupee, the rest to paise, half up (Zerodha's
support pages). Brokers' interfaces report the same figures unrounded; `rounded=False` gives those.
"""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from server.core.errors import Invalid
from server.domain.books import Charges
from server.domain.instruments import Instrument
from server.domain.orders import Product, Side
from server.rulebook.orders import cash_exchange
from server.rulebook.rows import Row, Rows, unknown

__all__ = ("ChargeRules", "ContractNote", "Trade", "rounded")

_ZERO = Decimal(0)
_RUPEE = Decimal(1)
_PAISA = Decimal("0.01")


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One execution, as a contract note lists it."""

    instrument: Instrument
    side: Side
    product: Product
    quantity: int
    price: Decimal
    order: str
    """Brokerage is by order: executions of one order share it."""


class ContractNote(msgspec.Struct, frozen=True, kw_only=True):
    """Charges of a broker for one day."""

    lines: Charges
    """Each line rounded once, over the whole day."""
    total: Decimal
    """Rounded from the exact lines, so it may differ from the sum of `lines` by a paisa."""


class _Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    flat: Decimal | None = None
    share: Decimal = _ZERO
    cap: Decimal = _ZERO

    def of(self, value: Decimal) -> Decimal:
        """Brokerage of an order that turned over `value`."""
        return self.flat if self.flat is not None else min(value * self.share, self.cap)


class _Stt(Row, frozen=True, kw_only=True):
    items: list[str]
    rate: Decimal


class _Exchange(Row, frozen=True, kw_only=True):
    keys: list[str]
    rate: Decimal
    ipft: Decimal = _ZERO


class _Sebi(Row, frozen=True, kw_only=True):
    rate: Decimal


class _Stamp(Row, frozen=True, kw_only=True):
    rates: dict[str, Decimal]


class _Gst(Row, frozen=True, kw_only=True):
    rate: Decimal
    with_ipft: bool


class _Brokerage(Row, frozen=True, kw_only=True):
    brokers: list[str]
    plans: dict[str, _Plan]
    dp_sell: Decimal | None = None
    square_off: Decimal | None = None


class _Rates(msgspec.Struct, frozen=True):
    """Everything that multiplies turnover, for one kind of trade on one day."""

    stt: Decimal
    exchange: Decimal
    ipft: Decimal
    sebi: Decimal
    stamp: Decimal
    gst: Decimal
    gst_on_ipft: bool

    def lines(self, value: Decimal, brokerage: Decimal, *, ipft: bool = True) -> Charges:
        """Exact lines of a turnover. `ipft=False` leaves the protection fund out, as some interfaces do."""
        fee = value * self.exchange
        fund = value * self.ipft if ipft else _ZERO
        sebi = value * self.sebi
        taxed = brokerage + fee + sebi + (fund if self.gst_on_ipft else _ZERO)
        return Charges(
            brokerage=brokerage,
            stt=value * self.stt,
            exchange=fee + fund,
            sebi=sebi,
            gst=taxed * self.gst,
            stamp=value * self.stamp,
        )


class ChargeRules:
    """Answers by broker, trade and day."""

    def __init__(self, rows: Rows) -> None:
        self._stt = rows.table("stt", _Stt, lambda r: r.items)
        self._exchange = rows.table("exchange_fee", _Exchange, lambda r: r.keys)
        self._sebi = rows.table("sebi_fee", _Sebi, lambda r: ["ALL"])
        self._stamp = rows.table("stamp", _Stamp, lambda r: ["ALL"])
        self._gst = rows.table("gst", _Gst, lambda r: ["ALL"])
        self._brokerage = rows.table("brokerage", _Brokerage, lambda r: r.brokers)
        self._cache: dict[tuple[str, str, str, str, date], _Rates] = {}
        self.tables = {
            "stt": self._stt,
            "exchange_fee": self._exchange,
            "stamp": self._stamp,
            "gst": self._gst,
            "brokerage": self._brokerage,
        }

    @property
    def brokers(self) -> tuple[str, ...]:
        """Brokers whose rates are known."""
        return tuple(self._brokerage)

    def fill(
        self,
        broker: str,
        trade: Trade,
        day: date,
        *,
        first: bool,
        brokerage_so_far: Decimal,
        value_so_far: Decimal,
        rounding: bool,
    ) -> Charges:
        """Charges of one fill: those of the order with it, less those of the order before it."""
        value = _value(trade)
        brokerage = self._fill_brokerage(broker, trade, day, value, first, brokerage_so_far, value_so_far)
        rates = self._rates(trade, day)
        if not rounding:
            return rates.lines(value, brokerage)
        if not value_so_far:
            return rounded(rates.lines(value, brokerage))
        before = rounded(rates.lines(value_so_far, brokerage_so_far))
        after = rounded(rates.lines(value_so_far + value, brokerage_so_far + brokerage))
        return Charges(**{f: getattr(after, f) - getattr(before, f) for f in Charges.__struct_fields__})

    def exact(self, trade: Trade, day: date, brokerage: Decimal, *, ipft: bool = True) -> Charges:
        """Unrounded lines at a given brokerage, the form that brokers' interfaces report."""
        return self._rates(trade, day).lines(_value(trade), brokerage, ipft=ipft)

    def note(self, broker: str, trades: Sequence[Trade], day: date) -> ContractNote:
        """Contract note of a day's trades."""
        brokerage: dict[str, Decimal] = {}
        values: dict[str, Decimal] = {}
        taxes: dict[tuple[str, str, str], Decimal] = {}
        sums = dict.fromkeys(("exchange", "sebi", "gst", "stamp"), _ZERO)
        for trade in trades:
            value = _value(trade)
            plan = self._plan(broker, trade, day)
            values[trade.order] = values.get(trade.order, _ZERO) + value
            before = brokerage.get(trade.order, _ZERO)
            brokerage[trade.order] = plan.of(values[trade.order])
            lines = self._rates(trade, day).lines(value, brokerage[trade.order] - before)
            key = (trade.instrument.key, trade.product, trade.side)
            taxes[key] = taxes.get(key, _ZERO) + lines.stt
            for name in sums:
                sums[name] += getattr(lines, name)
        stt = sum((t.quantize(_RUPEE, ROUND_HALF_UP) for t in taxes.values()), _ZERO)
        exact = Charges(brokerage=sum(brokerage.values(), _ZERO), stt=stt, **sums)
        return ContractNote(lines=rounded(exact), total=exact.total.quantize(_PAISA, ROUND_HALF_UP))

    def day_stt(
        self,
        buys: Sequence[tuple[int, Decimal]],
        sells: Sequence[tuple[int, Decimal]],
        day: date,
    ) -> tuple[Decimal, Decimal]:
        """(intraday, delivery) STT in rupees of all (quantity, price) trades in one share on one day.

        What was both bought and sold is intraday, the rest delivery, both at the day's average over all trades
        (Zerodha's support pages)."""
        bought = sum(q for q, _ in buys)
        sold = sum(q for q, _ in sells)
        if bought + sold == 0:
            return _ZERO, _ZERO
        average = sum((q * p for q, p in (*buys, *sells)), _ZERO) / (bought + sold)
        both = min(bought, sold)
        rest = "DELIVERY_BUY" if bought > sold else "DELIVERY_SELL"
        intraday = both * average * self._stt.need("INTRADAY_SELL", day).rate
        delivery = abs(bought - sold) * average * self._stt.need(rest, day).rate
        return intraday.quantize(_RUPEE, ROUND_HALF_UP), delivery.quantize(_RUPEE, ROUND_HALF_UP)

    def exercise(self, quantity: int, intrinsic: Decimal, day: date) -> Charges:
        """STT of a long option exercised."""
        rate = self._stt.need("OPTIONS_EXERCISE", day).rate
        return rounded(Charges(stt=quantity * intrinsic * rate))

    def dp(self, broker: str, shares: int, day: date) -> Charges:
        """Depository charges with GST."""
        rate = self._need_broker(broker, day).dp_sell
        if rate is None:
            raise unknown("dp", f"The depository charge of {broker} is not known.", field="broker")
        return self._fee(rate * shares, day)

    def square_off(self, broker: str, day: date) -> Charges:
        """Fee of one automatic square-off order with GST."""
        rate = self._need_broker(broker, day).square_off
        if rate is None:
            raise unknown("square_off_fee", f"The square-off fee of {broker} is not known.", field="broker")
        return self._fee(rate, day)

    def _fee(self, amount: Decimal, day: date) -> Charges:
        return rounded(Charges(other=amount, gst=amount * self._gst.need("ALL", day).rate))

    def _fill_brokerage(
        self, broker: str, trade: Trade, day: date, value: Decimal, first: bool, so_far: Decimal, value_so_far: Decimal
    ) -> Decimal:
        plan = self._plan(broker, trade, day)
        if plan.flat is not None:
            return max(plan.flat - so_far, _ZERO) if first or so_far else _ZERO
        if value_so_far:
            return max(plan.of(value_so_far + value) - so_far, _ZERO)
        return min(value * plan.share, max(plan.cap - so_far, _ZERO))

    def _need_broker(self, broker: str, day: date) -> _Brokerage:
        if broker not in self.brokers:
            raise unknown(
                "broker", f"The rates of {broker!r} are not known.", remedy=f"Known: {', '.join(self.brokers)}."
            )
        return self._brokerage.need(broker, day)

    def _plan(self, broker: str, trade: Trade, day: date) -> _Plan:
        what = _what(trade.instrument, trade.product)
        plan = self._need_broker(broker, day).plans.get(what)
        if plan is None:
            words = what.lower().replace("_", " ")
            raise unknown("brokerage", f"The brokerage of {broker} on {words} is not known.", field="broker")
        return plan

    def _rates(self, trade: Trade, day: date) -> _Rates:
        instrument, side = trade.instrument, trade.side
        what = _what(instrument, trade.product)
        exchange = "NSE" if instrument.exchange == "CDS" else cash_exchange(instrument)
        key = (what, exchange, instrument.name, side, day)
        rates = self._cache.get(key)
        if rates is None:
            if len(self._cache) > 4096:
                self._cache.clear()
            fee = self._exchange_row(exchange, what, instrument.name, day)
            gst = self._gst.need("ALL", day)
            item = f"{what}_{side}"
            rates = self._cache[key] = _Rates(
                stt=self._stt.need(item, day).rate if item in self._taxed else _ZERO,
                exchange=fee.rate,
                ipft=fee.ipft,
                sebi=self._sebi.need("ALL", day).rate,
                stamp=self._stamp.need("ALL", day, "stamp").rates[what] if side == "BUY" else _ZERO,
                gst=gst.rate,
                gst_on_ipft=gst.with_ipft,
            )
        return rates

    @property
    def _taxed(self) -> frozenset[str]:
        return frozenset(self._stt)

    def _exchange_row(self, exchange: str, what: str, name: str, day: date) -> _Exchange:
        group = "CASH" if what in ("DELIVERY", "INTRADAY") else what
        own = self._exchange.at(f"{exchange}_{group}_{name}", day)
        return own if own is not None else self._exchange.need(f"{exchange}_{group}", day)


def rounded(exact: Charges) -> Charges:
    """STT to the nearest rupee, every other line to paise, half up."""
    lines = {f: getattr(exact, f).quantize(_PAISA, ROUND_HALF_UP) for f in Charges.__struct_fields__}
    lines["stt"] = exact.stt.quantize(_RUPEE, ROUND_HALF_UP)
    return Charges(**lines)


def _value(trade: Trade) -> Decimal:
    if trade.quantity <= 0 or not trade.price.is_finite() or trade.price < 0:
        raise Invalid(
            "Charges need a quantity above zero and a price of zero or more.", code="rules.trade", field="quantity"
        )
    return trade.quantity * trade.price


def _what(instrument: Instrument, product: Product) -> str:
    prefix = {"CDS": "CURRENCY_", "MCX": "COMMODITY_"}.get(instrument.exchange, "")
    if instrument.kind == "FUTURE":
        return f"{prefix}FUTURES"
    if instrument.kind == "OPTION":
        return f"{prefix}OPTIONS"
    if instrument.kind == "EQUITY" and product != "NRML":
        return "DELIVERY" if product == "CNC" else "INTRADAY"
    raise unknown("product", f"The rulebook has no charges for {instrument.key} as {product}.")
