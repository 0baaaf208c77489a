"""What a basket would take: most money on the way, margin at the end, charges, and the first objection of each leg."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from server.core.errors import Problem
from server.domain.books import Position
from server.domain.instruments import Instrument
from server.domain.money import money_words, to_minor, to_text
from server.domain.orders import OrderRequest
from server.orders.assess import Assessor, make_order
from server.orders.baskets import Baskets, leg_order
from server.orders.desk import Desk
from server.orders.validate import instrument_of
from server.risk.checks import problems

__all__ = ("BasketPreview", "preview_basket")

_NO_ID = "0" * 20


class BasketPreview(msgspec.Struct, frozen=True, kw_only=True):
    """Money as plain decimal text."""

    margin_required: str
    """Most money the basket holds at any step, legs filled one after the other in this order."""
    margin_final: str
    """Money it holds when all legs are filled: margin beyond today's, premium paid less received, charges."""
    charges: str
    order: list[int]
    """Legs as given, in the order in which they are sent."""
    problems: list[Problem]


def preview_basket(
    desk: Desk, assessor: Assessor, baskets: Baskets, account: str, legs: Sequence[OrderRequest], buy_first: bool
) -> BasketPreview:
    """Work it out; raises Invalid where a leg can never be an order."""
    checked = baskets.checked(account, legs)
    sequence = leg_order(checked, buy_first)
    market = desk.market(account)
    faults: list[Problem] = []
    filled: list[Position] = []
    groups: dict[str, int] = {}
    paid = Decimal(0)
    charged = peak = now = 0
    for index in sequence:
        request = checked[index]
        instrument = instrument_of(market, request.key)
        order = make_order(desk, request, instrument, market.quote(request.key), _NO_ID)
        found = assessor.assess(order, request, instrument, None)
        # money is judged for the basket as a whole, below
        for problem in problems(found.proposal):
            if problem.code != "risk.funds":
                problem.field = f"legs[{index}].{problem.field}".rstrip(".")
                faults.append(problem.problem())
        charged += found.charges_minor
        if _principal(instrument, request):
            paid += (found.proposal.price or Decimal(0)) * request.quantity * instrument.unit * order.sign
        filled.append(
            Position(
                account=account,
                key=request.key,
                product=request.product,
                quantity=request.quantity * order.sign,
                unit=instrument.unit,
            )
        )
        before = desk.required(account, instrument.name)
        after = desk.required(account, instrument.name, filled=filled)
        if before is not None and after is not None:
            groups[instrument.name] = after - before
        now = sum(groups.values()) + to_minor(paid.quantize(Decimal("0.01"), ROUND_HALF_UP)) + charged
        peak = max(peak, now)
    free = desk.ledger.funds(account, desk.marks(account)).free_minor
    currency = desk.account(account).currency
    if peak > max(0, free):
        faults.append(
            Problem(
                status=422,
                code="risk.funds",
                detail=f"The basket takes {money_words(peak, currency)}, and {money_words(free, currency)} is free.",
                limit=to_text(free),
                value=to_text(peak),
                headroom=to_text(free - peak),
                remedy="Use fewer lots, or send the buy legs first.",
            )
        )
    return BasketPreview(
        margin_required=to_text(peak),
        margin_final=to_text(now),
        charges=to_text(charged),
        order=sequence,
        problems=faults,
    )


def _principal(instrument: Instrument, request: OrderRequest) -> bool:
    return instrument.kind == "OPTION" or request.product == "CNC"
