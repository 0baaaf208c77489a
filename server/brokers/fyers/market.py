"""FYERS' quotes, depth, candles, option chains and price messages -> lines and events. Pure."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from server.brokers.fyers.reading import BROKER, Fields, accepted
from server.brokers.kit.moments import epoch, epoch_text, local
from server.brokers.kit.reading import number, refuse
from server.domain.brokerage import BarLine, ChainLine, ChainSide, DepthEvent, DepthLevel, QuoteLine, TickEvent

__all__ = ("depth", "depth_event", "history", "option_chain", "quotes", "tick")

D = Decimal


def quotes(body: bytes) -> list[QuoteLine]:
    """Quotes; a name that has none is left out."""
    found = []
    for line in accepted("quotes", body).list("d"):
        if line.text("s") not in ("ok", ""):
            continue
        one = line.inner("v")
        name = one.text("symbol") or line.text("n", needed=True)
        found.append(
            QuoteLine(
                symbol=name,
                exchange=name.partition(":")[0],
                token=one.text("fyToken"),
                last=one.price("lp"),
                bid=one.price("bid"),
                ask=one.price("ask"),
                average=one.price("atp"),
                open=one.price("open_price"),
                high=one.price("high_price"),
                low=one.price("low_price"),
                close=one.price("prev_close_price"),
                volume=one.some("volume"),
                at=epoch_text(BROKER, "quotes", f"{one.path}.tt", one.word("tt"), "s"),
            )
        )
    return found


def depth(body: bytes) -> list[QuoteLine]:
    """Quotes with five levels a side."""
    book = accepted("depth", body).inner("d")
    found = []
    for name in book.raw:
        one = book.inner(name)
        bids, asks = _levels(one, "bids"), _levels(one, "ask")
        found.append(
            QuoteLine(
                symbol=name,
                exchange=name.partition(":")[0],
                last=one.price("ltp"),
                last_quantity=one.some("ltq"),
                average=one.price("atp"),
                bid=bids[0].price if bids else None,
                bid_quantity=bids[0].quantity if bids else None,
                ask=asks[0].price if asks else None,
                ask_quantity=asks[0].quantity if asks else None,
                open=one.price("o"),
                high=one.price("h"),
                low=one.price("l"),
                close=one.price("c"),
                volume=one.some("v"),
                oi=one.some("oi"),
                total_bid=one.some("totalbuyqty"),
                total_ask=one.some("totalsellqty"),
                lower=one.price("lower_ckt"),
                upper=one.price("upper_ckt"),
                bids=bids,
                asks=asks,
                traded_at=epoch_text(BROKER, "depth", f"{one.path}.ltt", one.word("ltt"), "s"),
            )
        )
    return found


def _levels(one: Fields, name: str) -> tuple[DepthLevel, ...]:
    found = []
    for level in one.list(name) if name in one.raw else []:
        price, orders = level.price("price"), level.some("ord")
        if price is not None:
            found.append(DepthLevel(price=price, quantity=level.need("volume"), orders=int(orders) if orders else None))
    return tuple(found)


def history(body: bytes) -> list[BarLine]:
    """Candles, in the order sent."""
    found = accepted("history", body)
    if found.text("s") == "no_data":
        return []
    rows = found.raw.get("candles")
    if not isinstance(rows, list):
        refuse(BROKER, "history", "$.candles", "expected a list")
    return [_bar(f"$.candles[{i}]", row) for i, row in enumerate(rows)]


def _bar(path: str, row: Any) -> BarLine:
    if not isinstance(row, list) or len(row) < 5:
        refuse(BROKER, "history", path, "expected a row of time and prices")
    values = [number(BROKER, "history", f"{path}[{n}]", value) for n, value in enumerate(row[:7])]
    values += [None] * (7 - len(values))
    at, opening, high, low, close, volume, oi = values
    if at is None or opening is None or high is None or low is None or close is None:
        refuse(BROKER, "history", path, "expected a time and four prices")
    start = epoch(BROKER, "history", f"{path}[0]", int(at), "s")
    if start is None:
        refuse(BROKER, "history", f"{path}[0]", "expected a time, got 0")
    return BarLine(start=start, open=opening, high=high, low=low, close=close, volume=volume, oi=oi)


def option_chain(body: bytes) -> list[ChainLine]:
    """By strike. The answer does not say which of its expiries it is of, unless there is one: the asker knows."""
    data = accepted("option_chain", body).inner("data")
    rows = data.list("optionsChain")
    days = [_expiry_day(one) for one in data.list("expiryData")] if "expiryData" in data.raw else []
    under = next((one for one in rows if one.text("option_type") not in ("CE", "PE")), None)
    sides: dict[Decimal, dict[str, ChainSide]] = {}
    for one in rows:
        if one.text("option_type") in ("CE", "PE"):
            sides.setdefault(one.need("strike_price"), {})[one.text("option_type")] = _side(one)
    return [
        ChainLine(
            underlying=under.text("symbol") if under else "",
            expiry=days[0] if len(days) == 1 else None,
            strike=strike,
            spot=under.price("ltp") if under else None,
            call=sides[strike].get("CE"),
            put=sides[strike].get("PE"),
        )
        for strike in sorted(sides)
    ]


def _expiry_day(one: Fields) -> date | None:
    moment = local(BROKER, one.call, f"{one.path}.date", one.text("date"), ("%d-%m-%Y",))
    return date(*map(int, reversed(one.text("date").split("-")))) if moment else None


def _side(one: Fields) -> ChainSide:
    return ChainSide(
        symbol=one.text("symbol", needed=True),
        token=one.text("fyToken"),
        last=one.price("ltp"),
        bid=one.price("bid"),
        ask=one.price("ask"),
        volume=one.some("volume"),
        oi=one.some("oi"),
        oi_before=one.some("prev_oi"),
    )


def tick(one: Fields) -> TickEvent:
    """A price in the form the official client hands out."""
    name = one.text("symbol", needed=True)
    return TickEvent(
        quote=QuoteLine(
            symbol=name,
            exchange=name.partition(":")[0],
            last=one.price("ltp"),
            last_quantity=one.some("last_traded_qty"),
            average=one.price("avg_trade_price"),
            bid=one.price("bid_price"),
            bid_quantity=one.some("bid_size"),
            ask=one.price("ask_price"),
            ask_quantity=one.some("ask_size"),
            open=one.price("open_price"),
            high=one.price("high_price"),
            low=one.price("low_price"),
            close=one.price("prev_close_price"),
            volume=one.some("vol_traded_today"),
            oi=one.some("OI"),
            total_bid=one.some("tot_buy_qty"),
            total_ask=one.some("tot_sell_qty"),
            lower=one.price("lower_ckt"),
            upper=one.price("upper_ckt"),
            traded_at=_stamp(one, "last_traded_time"),
            at=_stamp(one, "exch_feed_time"),
        ),
        mode="full",
        snapshot=False,
    )


def _stamp(one: Fields, name: str) -> datetime | None:
    found = one.word(name)
    return epoch_text(BROKER, one.call, f"{one.path}.{name}", found, "s") if found.isdigit() else None


def depth_event(one: Fields) -> DepthEvent:
    """Five levels a side in the form the official client hands out."""
    name = one.text("symbol", needed=True)

    def side(word: str) -> tuple[DepthLevel, ...]:
        found = []
        for level in range(1, 6):
            price, orders = one.price(f"{word}_price{level}"), one.some(f"{word}_order{level}")
            if price is not None:
                size = one.some(f"{word}_size{level}") or D(0)
                found.append(DepthLevel(price=price, quantity=size, orders=int(orders) if orders else None))
        return tuple(found)

    return DepthEvent(symbol=name, exchange=name.partition(":")[0], bids=side("bid"), asks=side("ask"))
