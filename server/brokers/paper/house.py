"""What a broker does without being asked: intraday square-off and expiry settlement.

From the broker's square-off moment on, open MIS orders are cancelled and MIS positions are closed at the market; what
was carried over a session because Sauda was not running is closed as soon as the market trades again. Expired
contracts are settled once the underlying's closing value is known (`settlement`).
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from server.brokers.paper.blotter import Blotter, Known
from server.brokers.paper.config import PaperSettings
from server.brokers.paper.settlement import Leg, settle
from server.core.clock import to_ns
from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.domain.orders import Fill, Order, Product, Side
from server.matching.messages import Cancel, Price, Submit
from server.matching.sessions import session_day
from server.rulebook import Rulebook

__all__ = ("House",)

_DAYS = 64
_KEEP = timedelta(days=2)
"""How long finished orders can still be looked up."""


class House:
    """The broker's own desk for one account."""

    def __init__(self, blotter: Blotter, rules: Rulebook, settings: PaperSettings, market_id: str) -> None:
        self._blotter = blotter
        self._rules = rules
        self._settings = settings
        self._market_id = market_id
        self._count = 0
        self._day: date | None = None
        self._square_offs: dict[tuple[str, date], datetime | None] = {}

    def look(self, now: datetime) -> None:
        """Do what is due at `now`, market time. Days and names the rulebook does not know are left alone."""
        self._cancel_intraday(now)
        self._close_intraday(now)
        self._settle(now)
        if session_day(now) != self._day:
            self._day = session_day(now)
            self._blotter.forget(now - _KEEP)

    def over(self, instrument: Instrument, now: datetime, opened: date | None = None) -> bool:
        """Whether MIS in `instrument` must end now; `opened` is the day of the position's last trade."""
        today = session_day(now)
        moment = self._square_off(instrument.segment, today)
        if moment is None:
            return False
        return now >= moment or (opened is not None and opened < today)

    def _square_off(self, segment: str, day: date) -> datetime | None:
        """When MIS in a segment ends on a day; None where it does not trade, or the rulebook does not know."""
        place = (segment, day)
        if place not in self._square_offs:
            try:
                trades = self._rules.trading_day(day, segment)
                moment = self._rules.square_off(self._settings.plan, segment, day) if trades else None
            except Invalid:
                moment = None
            if len(self._square_offs) >= _DAYS:
                self._square_offs.clear()
            self._square_offs[place] = moment
        return self._square_offs[place]

    # intraday

    def _cancel_intraday(self, now: datetime) -> None:
        patience = timedelta(seconds=self._settings.chase_after)
        for known in [k for k in self._blotter.live.values() if k.order.product == "MIS"]:
            instrument = self._blotter.market.instrument(known.order.key)
            if known.own:
                over, reason = now >= known.order.created_market + patience, "Sent anew by the broker at the market"
            else:
                over = instrument is not None and self.over(instrument, now)
                reason = "Cancelled by the broker: intraday square-off"
            if over and self._blotter.engine.at_work(known.broker_id):
                self._blotter.step([Cancel(known.broker_id, reason, at_once=True)])

    def _close_intraday(self, now: datetime) -> None:
        holdings = self._blotter.holdings
        for key, product, held in holdings.open("MIS"):
            instrument = self._blotter.market.instrument(key)
            busy = any(k.own and k.order.key == key for k in self._blotter.live.values())
            if instrument is not None and not busy and self.over(instrument, now, holdings.day(key, product)):
                self._close(instrument, held, now)

    def _close(self, instrument: Instrument, held: int, now: datetime) -> None:
        """Send market orders of the broker's own that close `held` signed MIS units."""
        blotter = self._blotter
        seen = blotter.see(instrument.key)
        if seen is None or not seen.fresh:
            return  # nothing to close at: tried again with the next look
        for part in _chunks(abs(held), instrument):
            self._count += 1
            order_id = f"SQ-{to_ns(now) // 1_000_000}-{self._count}"
            order = self._order(order_id, instrument.key, "SELL" if held > 0 else "BUY", part, "MIS", "squareoff", now)
            blotter.add(Known(order_id, order, "OPEN", now))
            blotter.step([Price(instrument.key, seen), Submit(order, instrument)])

    # expiry

    def _settle(self, now: datetime) -> None:
        today = session_day(now)
        for key, product, quantity in self._blotter.holdings.open():
            instrument = self._blotter.market.instrument(key)
            if instrument is None or instrument.expiry is None or instrument.expiry > today:
                continue
            try:
                moment = self._end_of_trading(instrument, instrument.expiry)
                if now < moment:
                    continue
                rule = self._rules.settlement(instrument)
            except Invalid:
                continue
            closing = self._closing(instrument.underlying, instrument.expiry, rule.window)
            if closing is not None:
                self._settle_one(instrument, product, quantity, closing, moment, physical=rule.how == "physical")

    def _end_of_trading(self, instrument: Instrument, expiry: date) -> datetime:
        """When both the contract and its underlying have stopped."""
        end = self._rules.trading_end(instrument, expiry)
        under = self._blotter.market.instrument(instrument.underlying)
        if under is None:
            return end
        phases = self._rules.session(under.segment, expiry).phases
        return max(end, *(p.end for p in phases if p.name in ("continuous", "closing_auction")))

    def _closing(self, key: str, day: date, window: tuple[datetime, datetime] | None) -> Decimal | None:
        """The value contracts settle at; on the day itself the last price stands in while the market has no other."""
        market = self._blotter.market
        known = market.settled(key, day, window)
        if known is not None:
            return known
        quote = market.quote(key)
        return quote.ltp if quote is not None and session_day(quote.market_time) == day else None

    def _settle_one(
        self,
        instrument: Instrument,
        product: Product,
        quantity: int,
        closing: Decimal,
        moment: datetime,
        *,
        physical: bool,
    ) -> None:
        blotter = self._blotter
        name = f"ST-{session_day(moment):%y%m%d}-{instrument.symbol}-{product}"
        shares = blotter.holdings.quantity(instrument.underlying, "CNC")
        delivered = f"{name}-delivery" in blotter.executions
        for leg in settle(instrument, product, quantity, closing, shares, physical=physical, delivered=delivered):
            self._settle_leg(f"{name}-{leg.role}", leg, closing, moment)

    def _settle_leg(self, execution: str, leg: Leg, closing: Decimal, moment: datetime) -> None:
        blotter = self._blotter
        if execution in blotter.executions:
            return
        order = self._order(execution, leg.key, leg.side, leg.quantity, leg.product, "settlement", moment)
        known = Known(execution, order, "OPEN", moment, reason=f"Expiry settlement, underlying at {closing}")
        blotter.known[execution] = known
        blotter.push(known.report())
        known.state, known.filled, known.value = "FILLED", leg.quantity, leg.price * leg.quantity
        blotter.book(
            Fill(
                execution=execution,
                account=blotter.account,
                order=execution,
                key=leg.key,
                side=leg.side,
                quantity=leg.quantity,
                price=leg.price,
                at=blotter.clock.now(),
                at_market=moment,
                liquidity="settlement",
            ),
            leg.product,
        )

    def _order(
        self, order_id: str, key: str, side: Side, quantity: int, product: Product, origin: str, now: datetime
    ) -> Order:
        wall = self._blotter.clock.now()
        return Order(
            id=order_id,
            account=self._blotter.account,
            market=self._market_id,
            broker="paper",
            mode="PAPER",
            key=key,
            side=side,
            quantity=quantity,
            type="MARKET",
            product=product,
            price=None,
            trigger=None,
            validity="DAY",
            disclosed=0,
            after_market=False,
            protection=None,
            tag="",
            request_id="",
            parent="",
            origin=origin,
            state="OPEN",
            broker_id=order_id,
            created=wall,
            created_market=now,
            updated=wall,
        )


def _chunks(quantity: int, instrument: Instrument) -> Iterator[int]:
    """`quantity` units cut into orders the exchange takes (freeze quantity, whole lots)."""
    most = quantity if instrument.freeze is None else instrument.freeze // instrument.lot * instrument.lot
    while quantity > 0:
        part = min(quantity, most)
        yield part
        quantity -= part
