"""Rows of Indian brokers' masters -> canonical instruments: one way for all of them.

A broker's `symbols.py` says which of our exchanges a row is of and cleans its symbol; here the canonical symbol, the
segment and the underlying are worked out. What has no canonical form is counted by reason.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Literal

import msgspec

from server.brokers.kit.symbols import Listing
from server.domain.brokerage import ListingLine
from server.domain.instruments import Exchange, Instrument, future_symbol, option_symbol

__all__ = ("INDEX_NAMES", "Place", "canonical_index", "map_lines")

Place = tuple[Exchange, str]
"""Our exchange, and the symbol of a share or index as the exchange writes it (unused for derivatives)."""

INDEX_NAMES = frozenset({"NIFTY", "BANKNIFTY", "FINNIFTY", "MIDCPNIFTY", "NIFTYNXT50", "SENSEX", "BANKEX", "SENSEX50"})
"""Names whose derivatives are index derivatives."""
_BSE_NAMES = frozenset({"SENSEX", "BANKEX", "SENSEX50"})
_ALIASES = {
    "NIFTY50": "NIFTY",
    "NIFTYBANK": "BANKNIFTY",
    "NIFTYFINSERVICE": "FINNIFTY",
    "NIFTYFINSERVICES": "FINNIFTY",
    "NIFTYFINANCIALSERVICES": "FINNIFTY",
    "NIFTYMIDSELECT": "MIDCPNIFTY",
    "NIFTYMIDCAPSELECT": "MIDCPNIFTY",
    "MIDCPNIFTY": "MIDCPNIFTY",
    "NIFTYNEXT50": "NIFTYNXT50",
    "BSESENSEX": "SENSEX",
    "BSEBANKEX": "BANKEX",
    "SNSX50": "SENSEX50",
    "INDIAVIX": "INDIAVIX",
}
_NOT_WORD = re.compile(r"[^A-Z0-9&-]")
_NAME = re.compile(r"[A-Z0-9][A-Z0-9&-]*")
_DEFAULT_TICK = Decimal("0.05")


def canonical_index(name: str) -> str:
    """`Nifty Bank`, `NIFTY BANK` and `NIFTYBANK-INDEX` are `BANKNIFTY`; others lose blanks and small letters."""
    plain = _NOT_WORD.sub("", name.upper()).removesuffix("-INDEX")
    return _ALIASES.get(plain, plain)


def map_lines(
    lines: Iterable[ListingLine], place: Callable[[ListingLine], Place | str]
) -> tuple[list[Listing], Counter[str]]:
    """Map a master.

    Args:
        lines: rows as parsed.
        place: our exchange and symbol of a row, or the reason in words why it has none.

    Returns:
        Listings (the first of each key), and the reasons of rows left out.
    """
    rows = list(lines)
    with_derivatives = {line.name for line in rows if line.kind in ("FUTURE", "OPTION") and line.exchange[:1] != "M"}
    found: dict[str, Listing] = {}
    shared: dict[object, Any] = {}
    left_out: Counter[str] = Counter()
    for line in rows:
        where = place(line)
        made = (
            where if isinstance(where, str) else _instrument(_sharing(line, shared), *where, with_derivatives, shared)
        )
        if isinstance(made, str):
            left_out[made] += 1
        elif made.key in found:
            left_out["listed twice"] += 1
        else:
            found[made.key] = Listing(
                instrument=made, symbol=line.symbol, exchange=line.exchange, token=line.token or line.symbol
            )
    return list(found.values()), left_out


def _sharing(line: ListingLine, shared: dict[object, Any]) -> ListingLine:
    """The line with equal values made one object: a master has few different strikes, ticks and days, and many rows."""
    if line.kind in ("FUTURE", "OPTION"):
        day, strike, tick = line.expiry, line.strike, line.tick
        return msgspec.structs.replace(
            line,
            expiry=shared.setdefault(day, day),
            strike=shared.setdefault((strike, "s"), strike),
            tick=shared.setdefault((tick, "t"), tick),
        )
    return line


def _instrument(
    line: ListingLine, exchange: Exchange, symbol: str, with_derivatives: set[str], shared: dict[object, Any]
) -> Instrument | str:
    lot = int(line.lot)
    if lot < 1 or lot != line.lot:
        lot = 1
    tick = line.tick if line.tick is not None and line.tick > 0 else _DEFAULT_TICK
    freeze = int(line.freeze) if line.freeze is not None and line.freeze >= 1 else None
    if line.kind == "INDEX":
        name = canonical_index(symbol)
        where: Literal["NSE_INDEX", "BSE_INDEX"] = "BSE_INDEX" if exchange in ("BSE", "BSE_INDEX") else "NSE_INDEX"
        return Instrument(symbol=name, exchange=where, kind="INDEX", name=name, segment="INDEX", title=line.title)
    if line.kind == "EQUITY":
        name = symbol.upper()
        if not _NAME.fullmatch(name):
            return "symbol with odd letters"
        segment = "CASH_FNO_STOCK" if name in with_derivatives else "CASH_NON_FNO"
        return Instrument(
            symbol=name,
            exchange=exchange,
            kind="EQUITY",
            name=name,
            segment=segment,
            lot=lot,
            tick=tick,
            freeze=freeze,
            title=line.title,
        )
    if line.kind not in ("FUTURE", "OPTION"):
        return f"kind {line.raw_kind[:24]}"
    return _derivative(line, exchange, lot, tick, freeze, shared)


def _derivative(
    line: ListingLine, exchange: Exchange, lot: int, tick: Decimal, freeze: int | None, shared: dict[object, Any]
) -> Instrument | str:
    if line.expiry is None:
        return "derivative without expiry"
    name = canonical_index(line.name) if line.name else ""
    if not name:
        return "derivative without a name"
    name = shared.setdefault(name, name)
    index = name in INDEX_NAMES
    option = line.kind == "OPTION"
    if option and (line.strike is None or line.right is None):
        return "option without strike"
    if exchange in ("CDS", "MCX"):
        segment: str = exchange
        underlying = ""
    else:
        segment = f"{'INDEX' if index else 'STOCK'}_{'OPT' if option else 'FUT'}"
        cash = "BSE" if name in _BSE_NAMES or exchange == "BFO" else "NSE"
        underlying = f"{cash}_INDEX:{name}" if index else f"{cash}:{name}"
    if option:
        assert line.strike is not None and line.right is not None
        symbol = option_symbol(name, line.expiry, line.strike, line.right)
    else:
        symbol = future_symbol(name, line.expiry)
    return Instrument(
        symbol=symbol,
        exchange=exchange,
        kind="OPTION" if option else "FUTURE",
        name=name,
        segment=segment,
        lot=lot,
        tick=tick,
        freeze=freeze,
        expiry=line.expiry,
        strike=line.strike if option else None,
        right=line.right if option else None,
        underlying=shared.setdefault(underlying, underlying),
    )
