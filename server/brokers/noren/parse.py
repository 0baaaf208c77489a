"""Answers and socket messages of a Noren back end (Flattrade, Shoonya and their cousins) -> lines and events. Pure.

An empty book comes as `{"stat": "Not_Ok", "emsg": "... no data"}`: that is an empty list, every other refusal is an
error. Times are IST; 1980 means none. `Noren(broker)` gives one broker its parsers under its own name.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec

from server.brokers.kit.moments import IST
from server.brokers.kit.reading import Parser, Reader, refuse
from server.brokers.noren.rows import Rows
from server.brokers.noren.wire import (
    Bar,
    ChainRow,
    Holding,
    Limits,
    Margin,
    Message,
    OrderRow,
    Position,
    Quote,
    Reply,
    Scrip,
    Scrips,
    Session,
    TradeRow,
)
from server.brokers.noren.words import Words, refusal_kind
from server.domain.brokerage import (
    BarLine,
    BeatEvent,
    ChainLine,
    ChainSide,
    Event,
    FundsLine,
    ListingLine,
    MarginLine,
    NoticeEvent,
    OrderEvent,
    QuoteLine,
    Receipt,
    Refusal,
    SessionGrant,
    TickEvent,
)

__all__ = ("Noren", "kind_of", "option_parts")

_OPTION = re.compile(r"(?P<name>.+?)(?P<day>\d{2})(?P<month>[A-Z]{3})(?P<year>\d{2})(?P<right>[CP])(?P<strike>\d.*)")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_ACKNOWLEDGED = {"ck": "connected", "ak": "connected", "cf": "connected", "ok": "subscribed", "uok": "subscribed"}
_ZERO = Decimal(0)
ListingKind = Literal["INDEX", "EQUITY", "FUTURE", "OPTION", "CURRENCY", "CRYPTO", "UNKNOWN"]


class _Chain(msgspec.Struct, frozen=True, kw_only=True):
    values: tuple[ChainRow, ...]


def option_parts(symbol: str) -> tuple[str, date | None]:
    """Underlying and expiry that an option's trading symbol `NIFTY30JAN25C23500` names."""
    match = _OPTION.fullmatch(symbol)
    if match is None or match["month"] not in _MONTHS:
        return "", None
    try:
        return match["name"], date(2000 + int(match["year"]), _MONTHS.index(match["month"]) + 1, int(match["day"]))
    except ValueError:
        return match["name"], None


def kind_of(instrument: str) -> ListingKind:
    """Our kind for a Noren instrument name (`EQ`, `FUTIDX`, `OPTSTK`, `UNDIND` ...)."""
    word = instrument.upper()
    if word.startswith("OPT"):
        return "OPTION"
    if word.startswith("FUT"):
        return "FUTURE"
    if word in ("UNDIND", "INDEX", "UNDIDX"):
        return "INDEX"
    return "EQUITY" if word and not word.startswith("UND") else "UNKNOWN"


class Noren:
    """The parsers of one Noren broker."""

    def __init__(self, broker: str) -> None:
        self.broker = broker
        self.words = Words(broker)
        self._reply: dict[str, Reader[Reply]] = {
            call: Reader(broker, call, Reply) for call in ("place", "modify", "cancel", "error")
        }
        self._order = self._reader("stream", OrderRow)
        self._quote = self._reader("stream", Quote)
        self._message = self._reader("stream", Message)
        self._stream = Rows(broker, "stream", self.words)
        self._reply_to = self._reader("refusal", Reply)

    def parsers(self) -> dict[str, Parser]:
        """Every call a Noren back end answers, by the common names."""
        return {
            "session": self.session,
            "place": lambda body: self._receipt("place", body),
            "modify": lambda body: self._receipt("modify", body),
            "cancel": lambda body: self._receipt("cancel", body),
            "orders": self._rows("orders", OrderRow, Rows.order),
            "order_history": self._rows("order_history", OrderRow, Rows.order),
            "trades": self._rows("trades", TradeRow, Rows.trade),
            "positions": self._rows("positions", Position, Rows.position),
            "holdings": self._rows("holdings", Holding, Rows.holding),
            "funds": self.funds,
            "margin": self.margin,
            "quotes": lambda body: self._quotes("quotes", body),
            "depth": lambda body: self._quotes("depth", body),
            "history": self.history,
            "option_chain": self.option_chain,
            "instruments": self.scrips,
            "error": self.error,
        }

    def session(self, body: bytes) -> SessionGrant:
        """A sign-in's answer."""
        got = self._reader("session", Session)(body)
        token = got.token or got.susertoken
        if (got.stat or got.status).lower() != "ok" or not token:
            self._fail("session", "$.stat", got.emsg or "it is no session")
        products = tuple(row.get("prd", "") for row in _dicts(got.prarr) if isinstance(row.get("prd"), str))
        return SessionGrant(
            user=got.client or got.actid or got.uid,
            name=got.uname,
            access_token=token,
            exchanges=got.exarr,
            products=products,
        )

    def funds(self, body: bytes) -> list[FundsLine]:
        """Limits; available = cash + pay-in + collateral - margin used."""
        self._accepted("funds", body)
        got = self._reader("funds", Limits)(body)
        number = Rows(self.broker, "funds", self.words).fields.number
        cash = Rows(self.broker, "funds", self.words).fields.need("$.cash", got.cash)
        used, collateral = number("$.marginused", got.marginused), number("$.brkcollamt", got.brkcollamt)
        available = cash + (number("$.payin", got.payin) or _ZERO) + (collateral or _ZERO) - (used or _ZERO)
        return [
            FundsLine(
                segment="all",
                available=available,
                used=used,
                cash=cash,
                collateral=collateral,
                realised=number("$.rpnl", got.rpnl),
                unrealised=number("$.urmtom", got.urmtom),
                currency="INR",
            )
        ]

    def margin(self, body: bytes) -> list[MarginLine]:
        """SpanCalc, GetBasketMargin or GetOrderMargin."""
        self._accepted("margin", body)
        got = self._reader("margin", Margin)(body)
        fields = Rows(self.broker, "margin", self.words).fields
        span, exposure = fields.number("$.span", got.span), fields.number("$.expo", got.expo)
        if span is not None and exposure is not None:
            return [MarginLine(total=span + exposure, span=span, exposure=exposure)]
        before = fields.number("$.marginused", got.marginused)
        final = fields.number("$.marginusedtrade", got.marginusedtrade)
        if final is None:
            final = fields.number("$.ordermargin", got.ordermargin)
        if final is None:
            return fields.fail("$", "it holds no margin")
        return [MarginLine(total=final, initial=before, available=fields.number("$.cash", got.cash))]

    def history(self, body: bytes) -> list[BarLine]:
        """TPSeries (objects) or EODChartData (JSON texts of objects), in the order sent."""
        if self._empty("history", body):
            return []
        rows = Rows(self.broker, "history", self.words)
        if body[:64].replace(b" ", b"").replace(b"\n", b"").startswith(b'["'):
            inner = self._reader("history", Bar)
            bars = [inner(text) for text in self._reader("history", list[str])(body)]
        else:
            bars = self._reader("history", list[Bar])(body)
        return [rows.bar(f"$[{n}]", row) for n, row in enumerate(bars)]

    def option_chain(self, body: bytes) -> list[ChainLine]:
        """GetOptionChain: names only, no prices; calls and puts of a strike joined."""
        if self._empty("option_chain", body):
            return []
        fields = Rows(self.broker, "option_chain", self.words).fields
        found: dict[tuple[str, date | None, Decimal], dict[str, ChainSide]] = {}
        for n, row in enumerate(self._reader("option_chain", _Chain)(body).values):
            name, expiry = option_parts(row.tsym)
            strike = fields.need(f"$.values[{n}].strprc", row.strprc)
            found.setdefault((name, expiry, strike), {})[row.optt] = ChainSide(symbol=row.tsym, token=row.token)
        return [
            ChainLine(underlying=n, expiry=e, strike=s, call=sides.get("CE"), put=sides.get("PE"))
            for (n, e, s), sides in found.items()
        ]

    def scrips(self, body: bytes) -> list[ListingLine]:
        """SearchScrip or GetSecurityInfo."""
        if self._empty("instruments", body):
            return []
        single = b'"values"' not in body
        listed = (
            (self._reader("instruments", Scrip)(body),) if single else self._reader("instruments", Scrips)(body).values
        )
        rows = Rows(self.broker, "instruments", self.words)
        lines = []
        for n, row in enumerate(listed):
            path = f"$.values[{n}]"
            name, expiry = option_parts(row.tsym)
            lot = rows.fields.number(f"{path}.ls", row.ls)
            expires = rows.moment(f"{path}.exd", row.exd) if len(row.exd) > 8 else None
            kind = kind_of(row.instname) if row.instname else "EQUITY" if row.tsym.endswith("-EQ") else "UNKNOWN"
            lines.append(
                ListingLine(
                    symbol=row.tsym,
                    exchange=row.exch,
                    token=row.token,
                    name=row.symname or name,
                    title=row.cname or row.dname,
                    kind=kind,
                    raw_kind=row.instname,
                    expiry=expires.astimezone(IST).date() if expires else expiry,
                    strike=rows.fields.price(f"{path}.strprc", row.strprc),
                    right="CE" if row.optt == "CE" else "PE" if row.optt == "PE" else None,
                    lot=lot or Decimal(1),
                    tick=rows.fields.price(f"{path}.ti", row.ti),
                    isin=row.isin,
                    currency="INR",
                )
            )
        return lines

    def error(self, body: bytes) -> Refusal:
        """A refusal; a time-out inside the broker leaves an order's fate open."""
        got = self._reply["error"](body)
        if got.stat.lower() == "ok":
            self._fail("error", "$.stat", "it is no error")
        return self._refusal(got.emsg)

    def decode_stream(self, frame: bytes | str) -> list[Event]:
        """One socket message; prices and orders come over the same socket."""
        head = self._message(frame)
        kind = head.t
        if kind in ("tk", "tf", "dk", "df"):
            line = self._stream.quote("$", self._quote(frame), whole=kind in ("tk", "dk"))
            if not line.token and not line.symbol:
                self._fail("stream", "$.tk", "the price names no instrument")
            return [TickEvent(quote=line, mode="full" if kind[0] == "d" else "quote", snapshot=kind[1] == "k")]
        if kind == "om":
            row = self._order(frame)
            return [OrderEvent(order=self._stream.order("$", row), trade=self._stream.pushed_trade("$", row))]
        if kind in ("h", "hk"):
            return [BeatEvent()]
        said = head.k or head.s if kind == "cf" else head.s  # papers: `cf` and `k`; seen: `ck` and `s`
        if head.stat == "Not_Ok" or (kind in _ACKNOWLEDGED and said and said.upper() != "OK"):
            message = head.emsg or "the session is not valid"
            signing_in = _ACKNOWLEDGED.get(kind) == "connected"
            refusal = Refusal(kind="auth" if signing_in else refusal_kind(message), code="", message=message)
            return [NoticeEvent(kind="refused", text=message, refusal=refusal)]
        if kind in _ACKNOWLEDGED:
            return [NoticeEvent(kind="connected" if _ACKNOWLEDGED[kind] == "connected" else "subscribed", text=kind)]
        return [NoticeEvent(kind="other", text=kind)]

    def tick(self, raw: dict[str, Any]) -> TickEvent:
        """A price message with every delta since its snapshot merged in, as a whole."""
        row: Quote = self._stream.fields.convert("$", raw, Quote)
        mode = "full" if str(raw.get("t", "")).startswith("d") else "quote"
        return TickEvent(quote=self._stream.quote("$", row), mode=mode)

    def _reader(self, call: str, kind: Any) -> Reader[Any]:
        return Reader(self.broker, call, kind)

    def _rows(self, call: str, kind: Any, build: Callable[[Rows, str, Any], Any]) -> Parser:
        """A parser of a list of rows; one object alone counts as a list of one."""
        many, single, rows = (
            self._reader(call, list[kind]),
            self._reader(call, kind),
            Rows(self.broker, call, self.words),
        )

        def parse(body: bytes) -> list[Any]:
            if self._empty(call, body):
                return []
            if body.lstrip()[:1] == b"{":
                return [build(rows, "$", single(body))]
            return [build(rows, f"$[{n}]", row) for n, row in enumerate(many(body))]

        return parse

    def _quotes(self, call: str, body: bytes) -> list[QuoteLine]:
        self._accepted(call, body)
        line = Rows(self.broker, call, self.words).quote("$", self._reader(call, Quote)(body))
        if not line.token and not line.symbol:
            self._fail(call, "$.token", "the quote names no instrument")
        return [line]

    def _receipt(self, call: str, body: bytes) -> Receipt:
        got = self._reply[call](body)
        if got.stat.lower() != "ok":
            self._fail(call, "$.emsg", f"the broker refused: {got.emsg[:160]!r}")
        number = got.norenordno or got.result
        if not number:
            self._fail(call, "$.norenordno", "it names no order")
        return Receipt(broker_id=number)

    def _refusal(self, message: str) -> Refusal:
        kind = refusal_kind(message)
        return Refusal(kind=kind, code="", message=message, fate_unknown=kind == "network")

    def _accepted(self, call: str, body: bytes) -> None:
        """Refuse an answer that is itself a refusal."""
        if b"Not_Ok" in body[:4096] and body.lstrip()[:1] == b"{":
            got = self._reply_to(body)
            if got.stat == "Not_Ok":
                self._fail(call, "$.emsg", f"the broker refused: {got.emsg[:160]!r}")

    def _empty(self, call: str, body: bytes) -> bool:
        """Whether it says `no data`; other refusals are errors."""
        if b"Not_Ok" in body[:4096] and body.lstrip()[:1] == b"{":
            got = self._reply_to(body)
            if got.stat == "Not_Ok":
                if "no data" in got.emsg.lower():
                    return True
                self._fail(call, "$.emsg", f"the broker refused: {got.emsg[:160]!r}")
        return False

    def _fail(self, call: str, path: str, problem: str) -> Any:
        refuse(self.broker, call, path, problem)


def _dicts(raw: object) -> list[Mapping[str, Any]]:
    return [row for row in raw if isinstance(row, dict)] if isinstance(raw, list) else []
