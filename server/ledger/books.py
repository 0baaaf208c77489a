"""Double entry for fills: pure functions from a position and a fill to the next position and its postings.

Signs: a debit is +, a credit is -; the postings of one transaction sum to zero. Cash, margin, positions, charges
and tax are debit books; capital and profit are credit books, so a profit of Rs 10 stands as -1000 in `profit`.

What pays principal: options (the premium moves) and shares for delivery. Futures and intraday shares do not:
only realised profit moves cash, the margin held covers the rest, and `cost_minor` is kept for the average price.

Rounding: the value of a fill is price x quantity x unit, half up to the minor unit. A closing fill takes
cost x closed / open out of the position, half up; the fill that closes the last unit takes all that is left. So a
position that is flat has cost zero, and realised profit is the exact difference of what was paid and received.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

import msgspec

from server.core.clock import india_day
from server.core.errors import Fault, Invalid
from server.domain.books import Book, Charges, Position, Posting
from server.domain.instruments import parse_symbol
from server.domain.money import to_minor
from server.domain.orders import Fill, Product

__all__ = (
    "apply_fill",
    "balanced",
    "charge_minor",
    "common_unit",
    "fill_key",
    "fill_value_minor",
    "market_day",
    "move_fill",
    "pays_principal",
    "post_fill",
    "tax_minor",
    "transfer",
)

_DERIVATIVES = frozenset({"NFO", "BFO", "CDS", "MCX"})


@lru_cache(maxsize=65_536)
def pays_principal(key: str, product: Product) -> bool:
    """Whether buying `key` pays its value (options, delivery shares) or only holds margin (futures, intraday shares).

    Outside India a perpetual future's name has no canonical form, but NRML, which only derivatives have, tells it.

    Read from the canonical key, so that it holds for contracts that are no longer listed. Raises Invalid for a
    derivative key that is not in canonical form.
    """
    exchange, _, symbol = key.partition(":")
    if exchange in _DERIVATIVES:
        return parse_symbol(symbol).right is not None
    if product == "NRML":
        try:
            return parse_symbol(symbol).right is not None
        except Invalid:
            return False
    return product != "MIS"


def fill_value_minor(fill: Fill) -> int:
    """Price x quantity x unit in minor units, rounded half up; never negative for a price that is not."""
    return to_minor(fill.value)


def fill_key(fill: Fill) -> tuple[datetime, str]:
    """Order of fills in a fold: time of the trade there, then execution id, however late it reached us."""
    return (fill.at_market, fill.execution)


def market_day(at_market: datetime) -> date:
    """Indian calendar date of a market time."""
    return india_day(at_market)


def charge_minor(charges: Charges) -> int:
    """Brokerage and fees in paise: the `charges` book."""
    return to_minor(charges.brokerage + charges.exchange + charges.sebi + charges.other)


def tax_minor(charges: Charges) -> int:
    """STT, GST and stamp duty in paise: the `tax` book."""
    return to_minor(charges.stt + charges.gst + charges.stamp)


def move_fill(position: Position, fill: Fill) -> Position:
    """The position after `fill`, charges apart: quantity, cost, realised profit, day figures.

    Raises Fault when the fill is of another account or instrument, or not a positive whole quantity.
    """
    if (fill.account, fill.key) != (position.account, position.key) or fill.quantity <= 0 or fill.price < 0:
        raise Fault(f"fill {fill.execution} of {fill.key} does not fit the position in {position.key}")
    position, fill = _alike(position, fill)
    value = fill_value_minor(fill)
    signed = fill.signed
    signed_value = value if signed > 0 else -value
    quantity, cost = position.quantity, position.cost_minor
    if quantity == 0 or (quantity > 0) == (signed > 0):
        new_cost = cost + signed_value
    elif abs(signed) < abs(quantity):
        new_cost = cost - _share(cost, abs(signed), abs(quantity))
    elif abs(signed) == abs(quantity):
        new_cost = 0
    else:  # through zero: what is left is opened at this fill's price
        opened = to_minor(fill.price * (abs(signed) - abs(quantity)) * fill.unit)
        new_cost = opened if signed > 0 else -opened
    day = market_day(fill.at_market)
    stale = position.day is not None and day < position.day  # a fill of a day that is over leaves today's figures
    day = position.day if stale and position.day else day
    same_day = position.day == day
    bought = position.buy_quantity if same_day else 0
    bought_value = position.buy_value_minor if same_day else 0
    sold = position.sell_quantity if same_day else 0
    sold_value = position.sell_value_minor if same_day else 0
    if stale:
        pass
    elif signed > 0:
        bought, bought_value = bought + fill.quantity, bought_value + value
    else:
        sold, sold_value = sold + fill.quantity, sold_value + value
    return Position(
        account=position.account,
        key=position.key,
        product=position.product,
        quantity=quantity + signed,
        cost_minor=new_cost,
        # what came in less what went out, less the change of what is still held
        realised_minor=position.realised_minor + (new_cost - cost) - signed_value,
        charges_minor=position.charges_minor,
        buy_quantity=bought,
        buy_value_minor=bought_value,
        sell_quantity=sold,
        sell_value_minor=sold_value,
        day=day,
        marked=position.marked,
        unit=position.unit,
    )


def post_fill(
    before: Position,
    after: Position,
    fill: Fill,
    *,
    charged_minor: int,
    taxed_minor: int,
) -> tuple[Posting, ...]:
    """Postings that take the books from `before` to `after` (also for a late fill that re-orders earlier ones)."""
    value = fill_value_minor(fill) if fill.side == "BUY" else -fill_value_minor(fill)
    cost = after.cost_minor - before.cost_minor
    profit = after.realised_minor - before.realised_minor
    trade = "settlement" if fill.liquidity == "settlement" else "trade"
    lines: list[tuple[Book, int, str]] = []
    if pays_principal(fill.key, after.product):
        lines += [("cash", -value, trade), ("positions", cost, trade), ("profit", -profit, "profit")]
    else:
        lines += [("cash", profit, "profit"), ("profit", -profit, "profit")]
    lines += [("cash", -charged_minor, "charge"), ("charges", charged_minor, "charge")]
    lines += [("cash", -taxed_minor, "tax"), ("tax", taxed_minor, "tax")]
    transaction = f"fill:{fill.account}:{fill.execution}"
    return balanced(
        Posting(
            transaction=transaction,
            account=fill.account,
            book=book,
            minor=minor,
            kind=kind,
            key=fill.key,
            reference=fill.execution,
            at=fill.at,
            at_market=fill.at_market,
        )
        for book, minor, kind in lines
        if minor
    )


def apply_fill(position: Position, fill: Fill, charges: Charges) -> tuple[Position, tuple[Posting, ...]]:
    """Position and postings after `fill` with its `charges` (Decimal rupees); see the module's text for the rules."""
    charged, taxed = charge_minor(charges), tax_minor(charges)
    moved = move_fill(position, fill)
    after = msgspec.structs.replace(moved, charges_minor=moved.charges_minor + charged + taxed)
    return after, post_fill(position, after, fill, charged_minor=charged, taxed_minor=taxed)


def transfer(
    transaction: str,
    account: str,
    debit: Book,
    credit: Book,
    minor: int,
    *,
    kind: str,
    reference: str,
    at: datetime,
    at_market: datetime,
    key: str = "",
) -> tuple[Posting, ...]:
    """Move `minor` paise from `credit` to `debit`; a negative amount goes the other way, zero posts nothing."""
    if minor == 0:
        return ()
    return balanced(
        Posting(
            transaction=transaction,
            account=account,
            book=book,
            minor=amount,
            kind=kind,
            key=key,
            reference=reference,
            at=at,
            at_market=at_market,
        )
        for book, amount in ((debit, minor), (credit, -minor))
    )


def balanced(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """The postings, after proof that they sum to zero; raises Fault otherwise."""
    done = tuple(postings)
    if (left := sum(p.minor for p in done)) != 0:
        raise Fault(f"postings of {done[0].transaction} do not balance by {left} paise")
    return done


def _alike(position: Position, fill: Fill) -> tuple[Position, Fill]:
    """Both in the same unit: the exchange's step at the fill, or the finest that both are whole numbers of."""
    if position.unit == fill.unit:
        return position, fill
    untouched = not (position.quantity or position.buy_quantity or position.sell_quantity)
    unit = fill.unit if untouched else common_unit(position.unit, fill.unit)
    more, part = int(position.unit / unit) if not untouched else 1, int(fill.unit / unit)
    position = msgspec.structs.replace(
        position,
        quantity=position.quantity * more,
        buy_quantity=position.buy_quantity * more,
        sell_quantity=position.sell_quantity * more,
        unit=unit,
    )
    return position, msgspec.structs.replace(fill, quantity=fill.quantity * part, unit=unit)


def common_unit(one: Decimal, other: Decimal) -> Decimal:
    """The largest unit that both are whole multiples of."""
    while other:
        one, other = other, one % other
    return one.normalize()


def _share(cost: int, part: int, whole: int) -> int:
    """cost x part / whole, rounded half away from zero, in integers."""
    size = (2 * abs(cost) * part + whole) // (2 * whole)
    return size if cost >= 0 else -size
