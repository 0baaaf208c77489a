"""What a Noren back end sends, field by field; everything is text, and most of it may be missing.

Field names are the protocol's own (`norenordno`, `tsym`, `prctyp` ...). Numbers are typed Any and read by `Fields`.
"""

from typing import Any

import msgspec

__all__ = (
    "Bar",
    "ChainRow",
    "HeldIn",
    "Holding",
    "Limits",
    "Margin",
    "Message",
    "OrderRow",
    "Position",
    "Quote",
    "Reply",
    "Scrip",
    "Scrips",
    "Session",
    "TradeRow",
)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The envelope of a command's answer."""

    stat: str
    emsg: str = ""
    norenordno: str = ""
    result: str = ""
    request_time: str = ""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in: Flattrade's `token` and `client`, or the generic `susertoken` and `actid`."""

    stat: str = ""
    status: str = ""
    emsg: str = ""
    token: str = ""
    client: str = ""
    susertoken: str = ""
    actid: str = ""
    uid: str = ""
    uname: str = ""
    exarr: tuple[str, ...] = ()
    prarr: Any = None


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of OrderBook or SingleOrdHist, and an `om` message."""

    norenordno: str
    exch: str
    tsym: str
    trantype: str
    prctyp: str
    status: str
    qty: Any = None
    token: str = ""
    prd: str = ""
    pcode: str = ""
    ret: str = ""
    prc: Any = None
    trgprc: Any = None
    avgprc: Any = None
    fillshares: Any = None
    cancelqty: Any = None
    dscqty: Any = None
    rejreason: str = ""
    remarks: str = ""
    exchordid: str = ""
    snonum: str = ""
    norentm: str = ""
    exch_tm: str = ""
    amo: str = ""
    reporttype: str = ""
    flid: str = ""
    flqty: Any = None
    flprc: Any = None
    fltm: str = ""


class TradeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of TradeBook."""

    norenordno: str
    exch: str
    tsym: str
    trantype: str
    flid: str
    flqty: Any
    flprc: Any
    token: str = ""
    prd: str = ""
    fltm: str = ""
    norentm: str = ""
    exch_tm: str = ""
    remarks: str = ""
    exchordid: str = ""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A row of PositionBook."""

    exch: str
    tsym: str
    netqty: Any
    token: str = ""
    prd: str = ""
    netavgprc: Any = None
    lp: Any = None
    rpnl: Any = None
    urmtom: Any = None
    prcftr: Any = None
    daybuyqty: Any = None
    daysellqty: Any = None
    daybuyamt: Any = None
    daysellamt: Any = None
    cfbuyqty: Any = None
    cfsellqty: Any = None
    cfbuyamt: Any = None
    cfsellamt: Any = None


class HeldIn(msgspec.Struct, frozen=True, kw_only=True):
    """One listing of a held share."""

    exch: str
    tsym: str
    token: str = ""
    isin: str = ""


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A row of Holdings."""

    exch_tsym: tuple[HeldIn, ...]
    holdqty: Any = None
    benqty: Any = None
    unplgdqty: Any = None
    npoadqty: Any = None
    dpqty: Any = None
    btstqty: Any = None
    colqty: Any = None
    brkcolqty: Any = None
    usedqty: Any = None
    upldprc: Any = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to Limits."""

    cash: Any
    payin: Any = None
    brkcollamt: Any = None
    marginused: Any = None
    rpnl: Any = None
    urmtom: Any = None


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """SpanCalc (`span`, `expo`), GetBasketMargin (`marginused...`) or GetOrderMargin (`ordermargin`)."""

    span: Any = None
    expo: Any = None
    marginused: Any = None
    marginusedtrade: Any = None
    ordermargin: Any = None
    cash: Any = None


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """GetQuotes, and a `tk`, `tf`, `dk` or `df` message under its own names for exchange, token and symbol."""

    exch: str = ""
    e: str = ""
    token: str = ""
    tk: str = ""
    tsym: str = ""
    ts: str = ""
    request_time: str = ""
    ft: Any = None
    ltt: str = ""
    lp: Any = None
    ltq: Any = None
    ap: Any = None
    o: Any = None
    h: Any = None
    l: Any = None  # noqa: E741 - the protocol's own name
    c: Any = None
    v: Any = None
    oi: Any = None
    toi: Any = None
    tbq: Any = None
    tsq: Any = None
    uc: Any = None
    lc: Any = None
    bp1: Any = None
    bp2: Any = None
    bp3: Any = None
    bp4: Any = None
    bp5: Any = None
    bq1: Any = None
    bq2: Any = None
    bq3: Any = None
    bq4: Any = None
    bq5: Any = None
    bo1: Any = None
    bo2: Any = None
    bo3: Any = None
    bo4: Any = None
    bo5: Any = None
    sp1: Any = None
    sp2: Any = None
    sp3: Any = None
    sp4: Any = None
    sp5: Any = None
    sq1: Any = None
    sq2: Any = None
    sq3: Any = None
    sq4: Any = None
    sq5: Any = None
    so1: Any = None
    so2: Any = None
    so3: Any = None
    so4: Any = None
    so5: Any = None
    So5: Any = None
    """The official sample writes one name with a capital."""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A row of TPSeries or EODChartData."""

    into: Any
    inth: Any
    intl: Any
    intc: Any
    time: str = ""
    ssboe: Any = None
    intv: Any = None
    oi: Any = None


class Scrip(msgspec.Struct, frozen=True, kw_only=True):
    """A row of SearchScrip, or GetSecurityInfo."""

    exch: str
    token: str
    tsym: str
    instname: str = ""
    cname: str = ""
    symname: str = ""
    dname: str = ""
    isin: str = ""
    ls: Any = None
    ti: Any = None
    exd: str = ""
    optt: str = ""
    strprc: Any = None


class Scrips(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to SearchScrip."""

    values: tuple[Scrip, ...]


class ChainRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of GetOptionChain: one side of one strike."""

    exch: str
    tsym: str
    token: str
    optt: str
    strprc: Any


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What every socket message carries."""

    t: str = ""
    s: str = ""
    k: str = ""
    emsg: str = ""
    stat: str = ""
