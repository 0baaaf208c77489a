"""Takes the numbers for risk: everything the checks compare, read at one moment without a pause (law 8)."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from server.core.clock import india_day
from server.core.errors import Invalid
from server.domain.books import Charges
from server.domain.instruments import Instrument
from server.domain.money import to_minor
from server.domain.orders import Order, OrderRequest
from server.domain.quotes import Quote
from server.orders.book import Working
from server.orders.desk import Desk
from server.risk.breaker import day_result
from server.risk.exposure import exposure_of, exposures, together
from server.risk.ports import Market, Phase
from server.risk.proposal import Proposal

__all__ = ("Assessment", "Assessor", "make_order")


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal and what it would cost."""

    proposal: Proposal
    outlay: Decimal
    """Cash a unit takes when it fills, rupees."""
    charges_minor: int
    required_before: int | None
    """Margin of its underlying now."""
    required_after: int | None
    """The same with the order in the book."""


class Assessor:
    """Builds proposals; remembers what the rulebook said for the day, for it says the same all day."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._day: date | None = None
        self._types: dict[str, frozenset[str]] = {}
        self._phases: dict[str, Phase] = {}
        self._square_offs: dict[str, datetime | None] = {}

    def assess(self, order: Order, request: OrderRequest, instrument: Instrument, old: Working | None) -> Assessment:
        """The numbers for `order` as if it were in the book, in place of `old` when that is being changed."""
        desk, account = self._desk, order.account
        market = desk.market(account)
        now = market.now()
        day = india_day(now)
        quote = market.quote(order.key)
        price = _price(request, quote)
        risk = desk.risk.of(account)
        state, reason = desk.risk.trading_state(account)
        instead_of = old.order.id if old is not None else ""
        opening, closing, twin = self._others(order, instead_of)
        outlay = _outlay(order, instrument, price)
        charges = self._charges(order, instrument, price, day)
        before = desk.required(account, instrument.name)
        after = desk.required(account, instrument.name, order, instead_of)
        need = None
        if before is not None and after is not None and price is not None:
            held = old.held if old is not None else 0
            need = after - before + to_minor(outlay * order.pending) + charges - held
        funds = desk.ledger.funds(account, desk.marks(account))
        proposal = Proposal(
            request=request,
            instrument=instrument,
            limits=risk.limits,
            state=state,
            state_reason=reason,
            kill=desk.risk.kill,
            now=now,
            phase=self._phase(market, instrument, day),
            ended=self._ended(instrument, market, day),
            square_off=self._square_off(request, instrument, day),
            order_types=self._order_types(instrument, day),
            quote=quote,
            fresh=quote is not None and market.fresh(order.key, risk.limits.price_age),
            price=price,
            band=self._band(request, instrument, quote, day),
            position=desk.position(account, order.key, order.product),
            opening=opening,
            closing=closing,
            open_orders=desk.book.live_count(account),
            working=old is None,
            twin=twin,
            equity_minor=funds.equity_minor,
            day_result_minor=day_result(desk.risk, account, funds),
            free_minor=funds.free_minor,
            **self._exposure(order, instrument, price),
            need_minor=need,
            tokens=risk.bucket.left,
            currency=desk.account(account).currency,
            lock=desk.risk.locks.get(account, ""),
        )
        return Assessment(
            proposal=proposal, outlay=outlay, charges_minor=charges, required_before=before, required_after=after
        )

    def phase(self, instrument: Instrument, account: str) -> Phase | None:
        """The session phase of an instrument now; None = closed."""
        market = self._desk.market(account)
        return self._phase(market, instrument, india_day(market.now()))

    def _others(self, order: Order, instead_of: str) -> tuple[int, int, Order | None]:
        """Units working on the same side and on the other side, and an identical order in doubt."""
        book = self._desk.book
        sums = book.pending(order.account)
        same = sums.get((order.key, order.product, order.side))
        other = sums.get((order.key, order.product, "SELL" if order.side == "BUY" else "BUY"))
        opening = same.quantity if same is not None else 0
        if instead_of and (old := book.get(instead_of)) is not None:
            opening -= old.counted
        twin = next((o for o in book.unknown(order.account) if o.id != instead_of and _identical(o, order)), None)
        return opening, other.quantity if other is not None else 0, twin

    def _exposure(self, order: Order, instrument: Instrument, price: Decimal | None) -> dict[str, int | None]:
        """What leverage and correlation are judged by, in paise; nothing is worked out where no limit asks for it."""
        desk, limits = self._desk, self._desk.risk.of(order.account).limits
        if limits.leverage is None and limits.correlated is None:
            return {}
        market = desk.market(order.account)
        units = [(p.key, p.quantity * p.unit) for p in desk.ledger.open_positions(order.account)]
        for (key, _, side), pending in desk.book.pending(order.account).items():
            if (found := market.instrument(key)) is not None:
                units.append((key, (pending.quantity if side == "BUY" else -pending.quantity) * found.unit))
        held = [(found, count) for key, count in units if (found := market.instrument(key)) is not None]
        before = exposures(held, market.last)
        gross = sum(map(abs, before.values()))
        under = instrument.underlying or instrument.key
        own = float(price) if price is not None else market.last(instrument.key)
        base = market.last(instrument.underlying) if instrument.underlying else own
        adds = exposure_of(instrument, order.sign * order.pending * instrument.unit, own, base)
        if adds != adds:
            return {"exposure_before": _paise(gross), "exposure_after": None, "alike_after": None}
        after = {**before, under: before.get(under, 0.0) + adds}
        known = desk.correlations.get(market.id, {})
        # which way it counts is the order's: before it, nothing of the kind may be held yet
        way = {under: adds * 1e-9}
        return {
            "exposure_before": _paise(gross),
            "exposure_after": _paise(sum(map(abs, after.values()))),
            "alike_before": _paise(together({**way, **before}, under, known)),
            "alike_after": _paise(together(after, under, known)),
        }

    def _phase(self, market: Market, instrument: Instrument, day: date) -> Phase | None:
        self._turn(day)
        now = market.now()
        cached = self._phases.get(instrument.segment)
        if cached is not None and cached.start <= now < cached.end:
            return cached
        phase = self._desk.rules.phase(instrument.segment, now)
        if phase is not None:
            self._phases[instrument.segment] = phase
        return phase

    def _ended(self, instrument: Instrument, market: Market, day: date) -> bool:
        return instrument.expiry == day and market.now() >= self._desk.rules.trading_end(instrument, day)

    def _square_off(self, request: OrderRequest, instrument: Instrument, day: date) -> datetime | None:
        if request.product != "MIS":
            return None
        self._turn(day)
        if instrument.segment not in self._square_offs:
            try:
                moment = self._desk.rules.square_off(self._desk.plan, instrument.segment, day)
            except Invalid:
                moment = None
            self._square_offs[instrument.segment] = moment
        return self._square_offs[instrument.segment]

    def _order_types(self, instrument: Instrument, day: date) -> frozenset[str]:
        self._turn(day)
        found = self._types.get(instrument.key)
        if found is None:
            found = self._types[instrument.key] = self._desk.rules.order_types(instrument, day)
        return found

    def _band(
        self, request: OrderRequest, instrument: Instrument, quote: Quote | None, day: date
    ) -> tuple[Decimal, Decimal] | None:
        if quote is None or (request.price is None and request.trigger is None):
            return None
        # the exchange takes the mean of the last 30 s of trades for derivatives; the last price stands for it here
        reference = quote.ltp if instrument.derivative else (quote.close or quote.ltp)
        return self._desk.rules.price_band(instrument, reference, day)

    def _charges(self, order: Order, instrument: Instrument, price: Decimal | None, day: date) -> int:
        if price is None or not order.pending:
            return 0
        charges = self._desk.rules.charges(
            self._desk.plan, instrument, order.side, order.product, order.pending, price * instrument.unit, day
        )
        return to_minor(charges.total + self.depository(order, instrument, day).total)

    def depository(self, order: Order, instrument: Instrument, day: date) -> Charges:
        """What the depository would charge for the order.

        Raises Invalid where that is not known and a paper account would have to pay it; at a live account's broker it
        is the broker's to know."""
        try:
            signed = order.sign * order.pending
            return self._desk.ledger.depository(order.account, instrument, order.product, signed, day)
        except Invalid:
            if order.mode == "PAPER":
                raise
            return Charges()

    def _turn(self, day: date) -> None:
        if day != self._day:
            self._day, self._types, self._phases, self._square_offs = day, {}, {}, {}


def make_order(desk: Desk, request: OrderRequest, instrument: Instrument, quote: Quote | None, order_id: str) -> Order:
    """The order that a request becomes; SUBMITTING, nothing sent. The account prints paper or live on it (law 10)."""
    account = desk.account(request.account)
    now = desk.clock.now()
    return Order(
        id=order_id,
        account=account.id,
        market=account.market,
        broker=account.broker,
        mode=account.mode,
        key=request.key,
        side=request.side,
        quantity=request.quantity,
        type=request.type,
        product=request.product,
        price=request.price,
        trigger=request.trigger,
        validity=request.validity,
        disclosed=request.disclosed,
        after_market=request.after_market,
        protection=request.protection,
        tag=request.tag,
        request_id=request.request_id,
        parent=request.parent,
        origin=request.origin,
        state="SUBMITTING",
        reference=_price_of_market(request, quote),
        created=now,
        created_market=desk.market(account.id).now(),
        updated=now,
        unit=instrument.unit,
    )


def _price(request: OrderRequest, quote: Quote | None) -> Decimal | None:
    """What the order is valued at: its own price, its trigger, or what the market asks for it."""
    return request.price or request.trigger or _price_of_market(request, quote)


def _price_of_market(request: OrderRequest, quote: Quote | None) -> Decimal | None:
    if quote is None:
        return None
    best = quote.ask if request.side == "BUY" else quote.bid
    return best or quote.ltp or None


def _paise(rupees: float) -> int:
    return round(rupees * 100)


def _outlay(order: Order, instrument: Instrument, price: Decimal | None) -> Decimal:
    """Options bought and shares for delivery are paid in full; everything else holds margin."""
    if order.side == "BUY" and price is not None and (instrument.kind == "OPTION" or order.product == "CNC"):
        return price * instrument.unit
    return Decimal(0)


def _identical(one: Order, other: Order) -> bool:
    return (one.key, one.side, one.quantity, one.type, one.product, one.price, one.trigger) == (
        other.key,
        other.side,
        other.quantity,
        other.type,
        other.product,
        other.price,
        other.trigger,
    )
