"""Recognises what a table of market data is by its first line, and only then by its name.

Each layout is a set of column names that no other layout has. A file that fits none is refused in one sentence.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from server.feeds.replay.chains import ChainForm, ChainTable, LegTable, QuotedLeg
from server.feeds.replay.columns import BadRow, number, stamp
from server.feeds.replay.daily import BhavTable, TokenTable
from server.feeds.replay.found import Import, Reader
from server.feeds.replay.names import parse_day
from server.feeds.replay.reading import refuse
from server.feeds.replay.tables import PriceTable

__all__ = ("recognise",)

Header = Mapping[str, int]
Make = Callable[[Import, Header], Reader]

_OHLC: Final = ("open", "high", "low", "close")
_STAMPS: Final = ("timestamp", "datetime", "date", "time")


def recognise(context: Import, first: list[str]) -> tuple[Reader, bool]:
    """(reader, whether the first line is a heading). Raises Invalid for a layout nobody knows."""
    header = {re.sub(r"\s+", "_", cell.strip().lower()): at for at, cell in reversed(list(enumerate(first)))}
    for needed, make in _LAYOUTS:
        if needed <= header.keys():
            return make(context, header), True
    if _bare_ticks(first):
        return PriceTable(context, {"stamp": 0, "price": 1}), False
    shown = ", ".join(cell.strip()[:20] for cell in first[:6])
    raise refuse(
        f"its columns are not those of any layout known here ({shown or 'none'})",
        "Known are minute bars, ticks, option-chain snapshots, bhavcopies and Kite instrument lists as CSV.",
    )


def _bare_ticks(first: list[str]) -> bool:
    if len(first) != 2:
        return False
    try:
        stamp(first[0])
        return number(first[1]) > 0
    except BadRow:
        return False


def _bars(context: Import, header: Header) -> Reader:
    columns = {name: header[name] for name in (*_OHLC, "volume", "oi") if name in header}
    for claim in ("instrument", "token", "symbol", "ticker"):
        if claim in header:
            columns["claim"] = header[claim]
    if "time" in header and "date" in header:
        columns |= {"date": header["date"], "time": header["time"]}
    else:
        columns["stamp"] = next(header[name] for name in _STAMPS if name in header)
    return PriceTable(context, columns)


def _ticks(context: Import, header: Header) -> Reader:
    columns = {"stamp": header["timestamp"], "price": header["ltp"]}
    columns |= {"claim": header["token"]} if "token" in header else {}
    columns |= {"volume": header["volume"]} if "volume" in header else {}
    return PriceTable(context, columns)


def _web(context: Import, header: Header) -> Reader:
    """The old option-chain page: units of the underlying for open interest, contracts for volume."""

    def leg(side: str) -> QuotedLeg:
        names = ("ltp", "oi", "volume", "bidprice", "askprice", "bidqty", "askqty")
        found = QuotedLeg(*(header[f"{side}{name}"] for name in names))
        return found._replace(oi_change=header.get(f"{side}chnginoi", -1))

    whole = "snapshot" in header
    name, time, expiry = (header["symbol"], header["snapshot"], header["expiry"]) if whole else _from_name(context)
    form = ChainForm(
        strike=header["strikeprice"],
        spot=header["currentval"],
        call=leg("call"),
        put=leg("put"),
        name=name,
        time=time,
        expiry=expiry,
        volume_lots=True,
    )
    return ChainTable(context, form)


def _from_name(context: Import) -> tuple[str, str, str]:
    """Name, time and expiry of a single snapshot: `BANKNIFTY_20JUN2019_2019-06-05_0915`."""
    match = re.search(
        r"([A-Z&-]+)_(\d{1,2}[A-Z]{3}\d{4})_(\d{4}-\d{2}-\d{2})_(\d{2}):?(\d{2})",
        context.name.upper().replace("\\", "/"),
    )
    if match is None or parse_day(match[2]) is None:
        raise refuse(
            "it is a single option-chain page, and its name does not say of what and when",
            "Name it as BANKNIFTY_20JUN2019_2019-06-05_0915.csv.",
        )
    return match[1], f"{match[3]} {match[4]}:{match[5]}", match[2]


def _api(context: Import, header: Header) -> Reader:
    """Snapshots of the exchange's option-chain service: open interest in contracts, no volume."""

    def leg(side: str) -> QuotedLeg:
        names = ("ltp", "oi", "bid", "ask", "bidqty", "askqty")
        at = [header[f"{side}_{name}"] for name in names]
        change = header.get(f"{side}_chgoi", -1)
        return QuotedLeg(ltp=at[0], oi=at[1], bid=at[2], ask=at[3], bid_qty=at[4], ask_qty=at[5], oi_change=change)

    form = ChainForm(
        strike=header["strikeprice"],
        spot=header["underlying"],
        call=leg("ce"),
        put=leg("pe"),
        name=header["symbol"],
        time=header["snapshot_ist"],
        expiry=header["expirydate"],
        lots=True,
    )
    return ChainTable(context, form)


def _broker(context: Import, header: Header) -> Reader:
    """Snapshots taken through a broker: open interest and volume in units."""

    def leg(side: str) -> QuotedLeg:
        return QuotedLeg(ltp=header[f"{side}_ltp"], oi=header[f"{side}_oi"], volume=header[f"{side}_volume"])

    form = ChainForm(
        strike=header["strike"],
        spot=header["spot"] if "spot" in header else header["stock_ltp"],
        call=leg("ce"),
        put=leg("pe"),
        name=header["symbol"] if "symbol" in header else header["stock"],
        time=header["timestamp"],
        expiry=header["expiry"],
    )
    return ChainTable(context, form)


def _legs(context: Import, header: Header) -> Reader:
    """One leg a row; open interest and volume in contracts. Greeks of the file are left aside: Sauda makes its own."""
    return LegTable(
        context,
        QuotedLeg(ltp=header["ltp"], oi=header["oi"], volume=header["volume"], oi_change=header.get("oi_chg", -1)),
        time=header["timestamp"],
        spot=header["spot"],
        name=header["symbol"],
        expiry=header["expiry"],
        strike=header["strike"],
        right=header["option_type"],
        lots=True,
    )


def _at_the_money(context: Import, header: Header) -> Reader:
    """One option price a minute with its future's; the author's volatility is left aside."""
    return LegTable(
        context,
        QuotedLeg(ltp=header["optionprice"]),
        time=header["date"],
        symbol=header["optionsymbol"],
        future=header["futureprice"],
    )


def _volatilities(context: Import, header: Header) -> Reader:
    raise refuse("it holds implied volatilities, not prices", "Import the options' own minutes or ticks.")


def _bhav(columns: dict[str, str], *, contracts: bool = False) -> Make:
    def make(context: Import, header: Header) -> Reader:
        return BhavTable(context, {k: header[v] for k, v in columns.items() if v in header}, contracts=contracts)

    return make


def _udiff(context: Import, header: Header) -> Reader:
    """UDiFF: one layout for shares and derivatives; the lot stands in NewBrdLotQty."""
    names = {
        "day": "traddt",
        "symbol": "tckrsymb",
        "series": "sctysrs",
        "kind": "fininstrmtp",
        "expiry": "xprydt",
        "strike": "strkpric",
        "right": "optntp",
        "open": "opnpric",
        "high": "hghpric",
        "low": "lwpric",
        "close": "clspric",
        "previous": "prvsclsgpric",
        "volume": "ttltradgvol",
        "oi": "opnintrst",
        "oi_change": "chnginopnintrst",
        "lot": "newbrdlotqty",
    }
    return BhavTable(context, {k: header[v] for k, v in names.items() if v in header}, contracts=True)


def _tokens(**columns: str) -> Make:
    """`number` is the broker's number of the instrument."""

    def make(context: Import, header: Header) -> Reader:
        return TokenTable(context, {k: header[v] for k, v in columns.items()})

    return make


_FULL: Final = {
    "symbol": "symbol",
    "series": "series",
    "open": "open_price",
    "high": "high_price",
    "low": "low_price",
    "close": "close_price",
    "previous": "prev_close",
    "volume": "ttl_trd_qnty",
}

_LAYOUTS: Final[tuple[tuple[frozenset[str], Make], ...]] = (
    (frozenset({"callltp", "putltp", "strikeprice", "currentval"}), _web),
    (frozenset({"snapshot_ist", "strikeprice", "ce_ltp", "pe_ltp", "ce_bid"}), _api),
    (frozenset({"strike", "ce_ltp", "pe_ltp", "ce_volume", "timestamp"}), _broker),
    (frozenset({"option_type", "strike", "spot", "ltp", "oi", "timestamp"}), _legs),
    (frozenset({"optionsymbol", "optionprice", "futureprice"}), _at_the_money),
    (frozenset({"datetime", "underlying_price"}), _volatilities),
    (frozenset({"traddt", "tckrsymb", "clspric", "sgmt"}), _udiff),
    (
        frozenset({"instrument", "symbol", "expiry_dt", "strike_pr", "option_typ", "settle_pr"}),
        _bhav(
            {
                "day": "timestamp",
                "symbol": "symbol",
                "kind": "instrument",
                "expiry": "expiry_dt",
                "strike": "strike_pr",
                "right": "option_typ",
                "open": "open",
                "high": "high",
                "low": "low",
                "close": "close",
                "volume": "contracts",
                "oi": "open_int",
                "oi_change": "chg_in_oi",
            },
            contracts=True,
        ),
    ),
    (
        frozenset({"symbol", "series", "prevclose", "tottrdqty", "timestamp"}),
        _bhav(
            {
                "day": "timestamp",
                "symbol": "symbol",
                "series": "series",
                "open": "open",
                "high": "high",
                "low": "low",
                "close": "close",
                "previous": "prevclose",
                "volume": "tottrdqty",
            }
        ),
    ),
    (frozenset({"symbol", "series", "date1", "prev_close", "ttl_trd_qnty"}), _bhav({"day": "date1", **_FULL})),
    (frozenset({"symbol", "series", "date", "prev_close", "ttl_trd_qnty"}), _bhav({"day": "date", **_FULL})),
    (
        frozenset({"date", "symbol", "expiry", "close", "contracts", "implied_lot"}),
        _bhav(
            {
                "day": "date",
                "symbol": "symbol",
                "expiry": "expiry",
                "close": "close",
                "volume": "contracts",
                "oi": "open_interest",
                "lot": "stated_lot",
            },
            contracts=True,
        ),
    ),
    (
        frozenset({"symbol", "token", "strike", "expiry", "option_type", "lot_size"}),
        _tokens(symbol="symbol", number="token", strike="strike", expiry="expiry", right="option_type", lot="lot_size"),
    ),
    (
        frozenset({"instrument_token", "tradingsymbol", "instrument_type", "lot_size"}),
        _tokens(
            symbol="tradingsymbol",
            number="instrument_token",
            name="name",
            strike="strike",
            expiry="expiry",
            right="instrument_type",
            lot="lot_size",
        ),
    ),
    (frozenset({"timestamp", "ltp"}), _ticks),
    *((frozenset({*_OHLC, name}), _bars) for name in _STAMPS),
)
"""Column names that tell a layout, the most particular first."""
