"""Rows of a Noren back end -> lines. One instance a broker, so that errors and unknown words carry its name."""

from datetime import UTC, date, datetime
from decimal import Decimal

from server.brokers.kit.fields import Fields
from server.brokers.kit.moments import IST
from server.brokers.noren.wire import Bar, Holding, OrderRow, Position, Quote, TradeRow
from server.brokers.noren.words import Words
from server.domain.brokerage import (
    BarLine,
    DepthLevel,
    HoldingLine,
    OrderLine,
    PositionLine,
    QuoteLine,
    TradeLine,
)

__all__ = ("Rows",)

_FORMS = ("%H:%M:%S %d-%m-%Y", "%d-%m-%Y %H:%M:%S", "%d-%b-%Y %H:%M:%S", "%d-%b-%Y", "%d-%m-%Y")
_LEVELS = range(1, 6)
_ZERO = Decimal(0)


class Rows:
    """Builds lines for one call of one broker."""

    def __init__(self, broker: str, call: str, words: Words) -> None:
        self.fields = Fields(broker, call)
        self.words = words

    def moment(self, path: str, raw: str) -> datetime | None:
        """A Noren time; 1980 and midnight zero mean none, as does a bare time of day (it has no date)."""
        if not raw or "1980" in raw or len(raw) <= 8:
            return None
        return self.fields.local(path, raw, *_FORMS)

    def order(self, path: str, row: OrderRow) -> OrderLine:
        """A row of the order book, its history, or an `om` message."""
        fields, words = self.fields, self.words
        kind = words.type.read(row.prctyp)
        filled = fields.number(f"{path}.fillshares", row.fillshares) or _ZERO
        size = fields.need(f"{path}.qty", row.qty)
        cancelled = fields.number(f"{path}.cancelqty", row.cancelqty)
        price = fields.number(f"{path}.prc", row.prc)
        product = row.prd or row.pcode
        placed = self.moment(f"{path}.norentm", row.norentm)
        state = words.read_state(row.status, filled > 0)
        live = state in ("PENDING", "OPEN", "TRIGGER_PENDING", "PARTIAL")
        return OrderLine(
            broker_id=row.norenordno,
            exchange_id=row.exchordid,
            client_id=row.remarks,
            parent_id=row.snonum,
            symbol=row.tsym,
            exchange=row.exch,
            token=row.token,
            side=words.side.read(row.trantype),
            quantity=size,
            filled=filled,
            pending=max(size - filled - (cancelled or _ZERO), _ZERO) if live else None,
            cancelled=cancelled,
            price=None if kind in ("MARKET", "SL-M") else price,
            trigger=fields.price(f"{path}.trgprc", row.trgprc),
            average=fields.price(f"{path}.avgprc", row.avgprc),
            disclosed=fields.number(f"{path}.dscqty", row.dscqty),
            type=kind,
            product=words.product.read(product) if product else "UNKNOWN",
            validity=words.validity.read(row.ret) if row.ret else "UNKNOWN",
            variety="amo" if row.amo.lower() == "yes" else "",
            state=state,
            raw_state=row.status,
            reason=row.rejreason,
            placed=placed,
            updated=self.moment(f"{path}.exch_tm", row.exch_tm) or placed,
        )

    def pushed_trade(self, path: str, row: OrderRow) -> TradeLine | None:
        """The execution an `om` message tells of, if it does."""
        if not row.flid or row.flqty is None or row.flprc is None:
            return None
        return TradeLine(
            execution=row.flid,
            broker_id=row.norenordno,
            exchange_id=row.exchordid,
            client_id=row.remarks,
            symbol=row.tsym,
            exchange=row.exch,
            token=row.token,
            side=self.words.side.read(row.trantype),
            quantity=self.fields.need(f"{path}.flqty", row.flqty),
            price=self.fields.need(f"{path}.flprc", row.flprc),
            product=self.words.product.read(row.prd or row.pcode) if row.prd or row.pcode else "UNKNOWN",
            at=self.moment(f"{path}.fltm", row.fltm) or self.moment(f"{path}.exch_tm", row.exch_tm),
        )

    def trade(self, path: str, row: TradeRow) -> TradeLine:
        """A row of the trade book."""
        return TradeLine(
            execution=row.flid,
            broker_id=row.norenordno,
            exchange_id=row.exchordid,
            client_id=row.remarks,
            symbol=row.tsym,
            exchange=row.exch,
            token=row.token,
            side=self.words.side.read(row.trantype),
            quantity=self.fields.need(f"{path}.flqty", row.flqty),
            price=self.fields.need(f"{path}.flprc", row.flprc),
            product=self.words.product.read(row.prd) if row.prd else "UNKNOWN",
            at=self.moment(f"{path}.fltm", row.fltm)
            or self.moment(f"{path}.exch_tm", row.exch_tm)
            or self.moment(f"{path}.norentm", row.norentm),
        )

    def position(self, path: str, row: Position) -> PositionLine:
        """A row of the position book; buys and sells are today's and those carried forward together."""

        def both(day: str, carried: str) -> Decimal | None:
            parts = [self.fields.number(f"{path}.{name}", getattr(row, name)) for name in (day, carried)]
            return None if parts == [None, None] else sum((p for p in parts if p is not None), _ZERO)

        bought = self.fields.number(f"{path}.cfbuyqty", row.cfbuyqty)
        sold = self.fields.number(f"{path}.cfsellqty", row.cfsellqty)
        factor = self.fields.price(f"{path}.prcftr", row.prcftr)
        return PositionLine(
            symbol=row.tsym,
            exchange=row.exch,
            token=row.token,
            product=self.words.product.read(row.prd) if row.prd else "UNKNOWN",
            quantity=self.fields.need(f"{path}.netqty", row.netqty),
            average=self.fields.number(f"{path}.netavgprc", row.netavgprc),
            last=self.fields.number(f"{path}.lp", row.lp),
            realised=self.fields.number(f"{path}.rpnl", row.rpnl),
            unrealised=self.fields.number(f"{path}.urmtom", row.urmtom),
            multiplier=factor if factor is not None else Decimal(1),
            overnight=bought - sold if bought is not None and sold is not None else None,
            buy_quantity=both("daybuyqty", "cfbuyqty"),
            buy_value=both("daybuyamt", "cfbuyamt"),
            sell_quantity=both("daysellqty", "cfsellqty"),
            sell_value=both("daysellamt", "cfsellamt"),
            currency="INR",
        )

    def holding(self, path: str, row: Holding) -> HoldingLine:
        """A held share under its NSE listing, else its first. Collateral is apart; T1 shares are `unsettled`."""
        if not row.exch_tsym:
            self.fields.fail(f"{path}.exch_tsym", "expected a listing, got none")
        listing = next((held for held in row.exch_tsym if held.exch == "NSE"), row.exch_tsym[0])
        amount = {
            name: self.fields.number(f"{path}.{name}", getattr(row, name)) or _ZERO
            for name in ("holdqty", "benqty", "unplgdqty", "npoadqty", "dpqty", "colqty", "brkcolqty")
        }
        used = self.fields.number(f"{path}.usedqty", row.usedqty)
        settled = amount["holdqty"] + amount["benqty"] + amount["unplgdqty"] + max(amount["npoadqty"], amount["dpqty"])
        return HoldingLine(
            symbol=listing.tsym,
            exchange=listing.exch,
            token=listing.token,
            isin=listing.isin,
            quantity=settled - (used or _ZERO),
            unsettled=self.fields.number(f"{path}.btstqty", row.btstqty),
            pledged=amount["colqty"] + amount["brkcolqty"],
            used=used,
            average=self.fields.number(f"{path}.upldprc", row.upldprc),
            currency="INR",
        )

    def quote(self, path: str, row: Quote, *, whole: bool = True) -> QuoteLine:
        """A quote or a stream message; of a delta (`whole` False) the book is given only if all of it is there."""
        fields = self.fields

        def side(letter: str) -> tuple[DepthLevel, ...]:
            levels = []
            for n in _LEVELS:
                price = fields.number(f"{path}.{letter}p{n}", getattr(row, f"{letter}p{n}"))
                size = fields.number(f"{path}.{letter}q{n}", getattr(row, f"{letter}q{n}"))
                if price is None or size is None:
                    if whole:
                        continue
                    return ()
                count = getattr(row, f"{letter}o{n}")
                if count is None and letter == "s" and n == 5:
                    count = row.So5
                if price:
                    orders = fields.whole(f"{path}.{letter}o{n}", count)
                    levels.append(DepthLevel(price=price, quantity=size, orders=orders))
            return tuple(levels)

        at = fields.epoch(f"{path}.ft", row.ft, "s") if row.ft else None
        if at is None:
            at = self.moment(f"{path}.request_time", row.request_time)
        return QuoteLine(
            symbol=row.tsym or row.ts,
            exchange=row.exch or row.e,
            token=row.token or row.tk,
            last=fields.number(f"{path}.lp", row.lp),
            last_quantity=fields.number(f"{path}.ltq", row.ltq),
            average=fields.number(f"{path}.ap", row.ap),
            bid=fields.number(f"{path}.bp1", row.bp1),
            bid_quantity=fields.number(f"{path}.bq1", row.bq1),
            ask=fields.number(f"{path}.sp1", row.sp1),
            ask_quantity=fields.number(f"{path}.sq1", row.sq1),
            open=fields.number(f"{path}.o", row.o),
            high=fields.number(f"{path}.h", row.h),
            low=fields.number(f"{path}.l", row.l),
            close=fields.number(f"{path}.c", row.c),
            volume=fields.number(f"{path}.v", row.v),
            oi=fields.number(f"{path}.oi", row.oi if row.oi is not None else row.toi),
            total_bid=fields.number(f"{path}.tbq", row.tbq),
            total_ask=fields.number(f"{path}.tsq", row.tsq),
            lower=fields.number(f"{path}.lc", row.lc),
            upper=fields.number(f"{path}.uc", row.uc),
            bids=side("b"),
            asks=side("s"),
            traded_at=self._of_day(f"{path}.ltt", row.ltt, at),
            at=at,
        )

    def bar(self, path: str, row: Bar) -> BarLine:
        """A candle; its start is the epoch if there is one, else the text."""
        fields = self.fields
        start = fields.epoch(f"{path}.ssboe", row.ssboe, "s") if row.ssboe else self.moment(f"{path}.time", row.time)
        if start is None:
            fields.fail(f"{path}.time", "expected a time, got nothing")
        return BarLine(
            start=start,
            open=fields.need(f"{path}.into", row.into),
            high=fields.need(f"{path}.inth", row.inth),
            low=fields.need(f"{path}.intl", row.intl),
            close=fields.need(f"{path}.intc", row.intc),
            volume=fields.number(f"{path}.intv", row.intv),
            oi=fields.number(f"{path}.oi", row.oi),
        )

    def _of_day(self, path: str, raw: str, beside: datetime | None) -> datetime | None:
        """A time of day (`ltt`) on the date of the moment beside it."""
        if not raw:
            return None
        if len(raw) > 8:
            return self.moment(path, raw)
        if beside is None:
            return None
        day: date = beside.astimezone(IST).date()
        at = self.fields.local(path, f"{day:%d-%m-%Y} {raw}", "%d-%m-%Y %H:%M:%S")
        return at.astimezone(UTC) if at is not None else None
