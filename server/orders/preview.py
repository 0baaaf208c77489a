"""What an order would cost, before anybody sends it: margin, charges, breakeven, free funds, and every objection.

Nothing is changed and nothing is refused here: a ticket shows the problems, the order path decides.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from server.core.errors import Invalid, Problem
from server.domain.books import Charges
from server.domain.instruments import Instrument
from server.domain.money import to_text
from server.domain.orders import Order, OrderRequest, Product, Side
from server.orders.assess import Assessment, Assessor, make_order
from server.orders.desk import Desk
from server.orders.validate import instrument_of, most_units, validate
from server.risk.checks import problems

__all__ = ("ChargeLines", "Note", "Preview", "Previewer")

_PAISA = Decimal("0.01")
_NO_ID = "0" * 20
_LEAST = Decimal("0.00001")


class ChargeLines(msgspec.Struct, frozen=True, kw_only=True):
    """Charges as text, as a contract note lists them."""

    brokerage: str
    stt: str
    exchange: str
    sebi: str
    gst: str
    stamp: str
    other: str
    depository: str
    """Billed apart from the contract note, GST included."""
    total: str


class Note(msgspec.Struct, frozen=True):
    """What the trader should know besides the numbers."""

    code: str
    """`reduces`, `old`, `opens` or `market`: screens say it in the user's language."""
    text: str
    age: str = ""
    """Seconds, with `old`."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket's numbers; money and prices as plain decimal text."""

    value: str
    """Quantity x unit x price."""
    premium: str
    """Cash paid (+) or received (-) for options and delivery shares; 0.00 for margined things."""
    margin_required: str
    """Money it takes to send: margin, premium to be paid, charges."""
    margin_final: str
    """Margin its underlying needs once it is filled, all positions and working orders together."""
    charges: ChargeLines
    breakeven: str | None
    """Price at which this order by itself breaks even, charges both ways; None without a price."""
    max_loss: str | None
    """Most this order by itself can lose, charges included: what is bought can fall to nothing, a put sold costs its
    strike; None where there is no bound (calls, futures and shares sold) and where there is no price."""
    free_now: str
    free_after: str
    day_loss_room: str
    """What may still be lost today before only reducing orders pass."""
    capital_share: str
    """Money it takes, percent of equity."""
    price_used: str
    price_age: float | None
    """Seconds; None without a price."""
    problems: list[Problem]
    notes: list[Note]


class Previewer:
    """Works out previews."""

    def __init__(self, desk: Desk, assessor: Assessor) -> None:
        self._desk = desk
        self._assessor = assessor

    def preview(self, request: OrderRequest) -> Preview:
        """The ticket's numbers. Raises NotFound or Invalid only where there is nothing to show: no such account or
        instrument. What is wrong with the order itself is in `problems`."""
        desk = self._desk
        account = desk.account(request.account)
        market = desk.market(account.id)
        instrument = instrument_of(market, request.key)
        faults: list[Problem] = []
        try:
            request = validate(request, instrument, desk.day(account.id))
        except Invalid as fault:
            faults.append(fault.problem())
            if not _computable(request, instrument):
                return _empty(faults)
        order = make_order(desk, request, instrument, market.quote(request.key), _NO_ID)
        found = self._assessor.assess(order, request, instrument, None)
        if desk.halted:
            faults.append(Problem(status=503, code="journal.broken", detail=f"Trading is halted: {desk.halted}"))
        faults += [p.problem() for p in problems(found.proposal)]
        return self._numbers(order, instrument, found, faults)

    def _numbers(self, order: Order, instrument: Instrument, found: Assessment, faults: list[Problem]) -> Preview:
        desk, p = self._desk, found.proposal
        price = p.price or Decimal(0)
        day = desk.day(order.account)
        charges = delivered = Charges()
        both_ways = Decimal(0)
        if price:
            args = (instrument, order.product, order.quantity, price * instrument.unit, day)
            charges = self._charges(order.side, *args)
            delivered = self._assessor.depository(order, instrument, day)
            both_ways = (
                charges.total + delivered.total + self._charges("SELL" if order.side == "BUY" else "BUY", *args).total
            )
        paid = instrument.kind == "OPTION" or order.product == "CNC"
        size = order.quantity * instrument.unit
        value = price * size
        need = p.need_minor or 0
        limit = p.limits.day_loss * 100
        room = max(0, limit + (p.day_result_minor or 0))
        share = Decimal(need) / p.equity_minor * 100 if p.equity_minor > 0 else Decimal(0)
        return Preview(
            value=_text(value),
            premium=_text(value * order.sign if paid else Decimal(0)),
            margin_required=to_text(max(0, need)),
            margin_final=to_text(found.required_after or 0),
            charges=_lines(charges, delivered),
            breakeven=_text(price + order.sign * both_ways / size) if price else None,
            max_loss=_most_lost(order, instrument, value, both_ways) if price else None,
            free_now=to_text(p.free_minor),
            free_after=to_text(p.free_minor - need),
            day_loss_room=to_text(room),
            capital_share=f"{share:.1f}",
            price_used=str(price),
            price_age=p.quote.age if p.quote is not None else None,
            problems=faults,
            notes=_notes(order, found),
        )

    def _charges(
        self, side: Side, instrument: Instrument, product: Product, quantity: int, price: Decimal, day: date
    ) -> Charges:
        return self._desk.rules.charges(self._desk.plan, instrument, side, product, quantity, price, day)


def _computable(request: OrderRequest, instrument: Instrument) -> bool:
    """Whether the numbers can be worked out although something is wrong (a lot, a tick)."""
    prices = [p for p in (request.price, request.trigger) if p is not None]
    return 0 < request.quantity <= most_units(instrument) and all(
        p.is_finite() and _LEAST < p < 100_000_000 for p in prices
    )


def _empty(faults: list[Problem]) -> Preview:
    zero = "0.00"
    return Preview(
        value=zero,
        premium=zero,
        margin_required=zero,
        margin_final=zero,
        charges=_lines(Charges(), Charges()),
        breakeven=None,
        max_loss=None,
        free_now=zero,
        free_after=zero,
        day_loss_room=zero,
        capital_share="0.0",
        price_used="0",
        price_age=None,
        problems=faults,
        notes=[],
    )


def _most_lost(order: Order, instrument: Instrument, value: Decimal, both_ways: Decimal) -> str | None:
    if order.side == "BUY":
        return _text(value + both_ways)
    if instrument.right == "PE" and instrument.strike is not None:
        return _text(instrument.strike * order.quantity * instrument.unit - value + both_ways)
    return None


def _notes(order: Order, found: Assessment) -> list[Note]:
    p = found.proposal
    notes = []
    if p.reducing:
        notes.append(Note("reduces", "Reduces your position."))
    if p.quote is not None and not p.fresh:
        notes.append(Note("old", f"The last price is {p.quote.age:.0f} s old.", f"{p.quote.age:.0f}"))
    if order.after_market and p.phase is None:
        notes.append(Note("opens", "Goes out when the market opens."))
    if order.type == "MARKET":
        notes.append(Note("market", "A market order fills at the prices there are when it arrives."))
    return notes


def _lines(charges: Charges, delivered: Charges) -> ChargeLines:
    return ChargeLines(
        brokerage=_text(charges.brokerage),
        stt=_text(charges.stt),
        exchange=_text(charges.exchange),
        sebi=_text(charges.sebi),
        gst=_text(charges.gst),
        stamp=_text(charges.stamp),
        other=_text(charges.other),
        depository=_text(delivered.total),
        total=_text(charges.total + delivered.total),
    )


def _text(amount: Decimal) -> str:
    return str(amount.quantize(_PAISA, ROUND_HALF_UP))
