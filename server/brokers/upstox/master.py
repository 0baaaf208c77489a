"""Upstox's instrument master: the JSON of today, the option contracts call, and the CSV it had before.

The JSON gives ticks in paise and expiries as the last moment of their day in India.
"""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from server.brokers.kit.moments import IST, epoch
from server.brokers.kit.reading import Reader, inflate, number, refuse, table_rows
from server.domain.brokerage import ListingLine

__all__ = ("read_master",)

BROKER = "upstox"
D = Decimal
_MONTHS = "123456789OND"
_KINDS: dict[str, Any] = {"EQ": "EQUITY", "INDEX": "INDEX", "FUT": "FUTURE", "CE": "OPTION", "PE": "OPTION"}


class _Row(msgspec.Struct):
    instrument_key: str
    segment: str
    trading_symbol: str = ""
    name: str | None = None
    short_name: str | None = None
    exchange: str = ""
    instrument_type: str = ""
    isin: str | None = None
    exchange_token: str | None = None
    lot_size: D | None = None
    tick_size: D | None = None
    freeze_quantity: D | None = None
    expiry: int | str | None = None
    strike_price: D | None = None
    underlying_symbol: str | None = None
    asset_symbol: str | None = None


_reader: Reader[list[_Row]] = Reader(BROKER, "instruments", list[_Row])


def read_master(body: bytes, data: Callable[[str, bytes], bytes]) -> list[ListingLine]:
    """Every row, by whichever of the three forms it is."""
    plain = inflate(BROKER, "instruments", body)
    start = plain.lstrip()[:1]
    if start == b"[":
        return [_row(i, raw) for i, raw in enumerate(_reader(plain))]
    if start == b"{":
        return [_row(i, raw) for i, raw in enumerate(_reader(data("instruments", plain)))]
    needed = ("instrument_key", "tradingsymbol", "instrument_type", "exchange")
    return [_old(line, row) for line, row in table_rows(BROKER, "instruments", plain, needed)]


def _row(index: int, raw: _Row) -> ListingLine:
    path = f"$[{index}]"
    kind = _KINDS.get(raw.instrument_type, "EQUITY" if raw.segment in ("NSE_EQ", "BSE_EQ") else "UNKNOWN")
    right: Any = raw.instrument_type if kind == "OPTION" else None
    name = raw.underlying_symbol or raw.asset_symbol or raw.name or ""
    for figure in (raw.lot_size, raw.tick_size, raw.freeze_quantity, raw.strike_price):
        number(BROKER, "instruments", path, figure)
    return ListingLine(
        symbol=raw.trading_symbol,
        exchange=raw.segment,
        token=raw.instrument_key,
        exchange_token=raw.exchange_token or "",
        name=name if kind in ("FUTURE", "OPTION") else (raw.name or ""),
        title="" if kind in ("FUTURE", "OPTION") else (raw.name or raw.short_name or ""),
        kind=kind,
        raw_kind=raw.instrument_type,
        expiry=_expiry(f"{path}.expiry", raw.expiry),
        strike=raw.strike_price if kind == "OPTION" else None,
        right=right,
        lot=raw.lot_size or D(1),
        tick=raw.tick_size / 100 if raw.tick_size else None,
        freeze=raw.freeze_quantity or None,
        isin=raw.isin or "",
        currency="INR",
        tradable=kind != "INDEX",
    )


def _expiry(path: str, raw: int | str | None) -> date | None:
    if isinstance(raw, str):
        return _day(path, raw)
    moment = epoch(BROKER, "instruments", path, raw, "ms")
    return moment.astimezone(IST).date() if moment is not None else None


def _day(path: str, raw: str) -> date | None:
    if not raw:
        return None
    try:
        return date.fromisoformat(raw[:10])
    except ValueError:
        refuse(BROKER, "instruments", path, f"expected a date, got {raw[:24]!r}")


def _old(line: int, row: dict[str, str]) -> ListingLine:
    path = f"line {line}"

    def figure(column: str) -> Decimal | None:
        return number(BROKER, "instruments", f"{path}, {column}", row.get(column))

    key, symbol, raw_kind = row.get("instrument_key", ""), row.get("tradingsymbol", ""), row.get("instrument_type", "")
    if "|" not in key:
        refuse(BROKER, "instruments", path, "expected an instrument key")
    kind: Any = {"OPT": "OPTION", "FUT": "FUTURE", "EQU": "EQUITY", "IND": "INDEX"}.get(raw_kind[:3], "UNKNOWN")
    right: Any = row.get("option_type") if row.get("option_type") in ("CE", "PE") and kind == "OPTION" else None
    expiry = _day(f"{path}, expiry", row.get("expiry", ""))
    strike = figure("strike") if kind == "OPTION" else None
    derivative = kind in ("FUTURE", "OPTION")
    title = row.get("name", "")
    return ListingLine(
        symbol=symbol,
        exchange=row.get("exchange", ""),
        token=key,
        exchange_token=row.get("exchange_token", ""),
        name=_underlying(symbol, expiry, strike, right) or title if derivative else title,
        title="" if derivative else title,
        kind=kind,
        raw_kind=raw_kind,
        expiry=expiry,
        strike=strike,
        right=right,
        lot=figure("lot_size") or D(1),
        tick=figure("tick_size") or None,
        isin=key.partition("|")[2] if kind == "EQUITY" else "",
        currency="INR",
        tradable=kind != "INDEX",
    )


def _underlying(symbol: str, expiry: date | None, strike: Decimal | None, right: str | None) -> str:
    """`NIFTY` of `NIFTY2580724500CE` and `NIFTY25AUG24500CE`: the old master gives companies' long names instead."""
    if expiry is None:
        return ""
    tail = "FUT"
    if strike is not None and right is not None:
        text = format(strike.normalize(), "f")
        tail = f"{text}{right}"
    for days in (0, -1, -2, -3, 1):  # contracts keep their name when a holiday moves their last day
        day = expiry + timedelta(days=days)
        year = f"{day.year % 100:02d}"
        for code in (f"{year}{day:%b}".upper(), f"{year}{_MONTHS[day.month - 1]}{day.day:02d}"):
            if symbol.endswith(code + tail):
                return symbol[: -len(code + tail)]
    return ""
