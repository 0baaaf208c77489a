"""Futures marked to market by hand: cash every evening, the price carried, late fills, loading."""

from datetime import date, timedelta
from decimal import Decimal

from server.domain.books import Mark
from server.ledger.ledger import Ledger, PastFill
from tests.instruments import future
from tests.trading import DAY, fill, ist

D = Decimal
FUT = future("NIFTY", DAY.replace(day=30))
WHO = "paper-sim"
NEXT = DAY + timedelta(days=3)
"""The Monday after."""


def mark(price: str, day: date = DAY) -> Mark:
    return Mark(account=WHO, key=FUT.key, product="NRML", day=day, price=D(price), at_market=ist("15:40", day))


def settle(ledger: Ledger, one: Mark) -> int:
    """Mark and commit; returns the cash that moved."""
    marked = ledger.mark_to_market(one)
    assert marked is not None
    ledger.commit_mark(marked)
    assert sum(ledger.balances(WHO).values()) == 0
    return sum(p.minor for p in marked.postings if p.book == "cash")


def book(ledger: Ledger, side: str, quantity: int, price: str, at: str, day: date = DAY) -> PastFill:
    applied = ledger.apply(fill(FUT.key, side, quantity, price, at=ist(at, day)), "NRML", FUT)  # type: ignore[arg-type]
    assert applied is not None
    ledger.commit(applied)
    return PastFill(applied.fill, "NRML", applied.charges)


def test_mark_when_held_over_two_days_then_each_day_pays_its_own_and_the_sum_is_the_trade(ledger: Ledger) -> None:
    book(ledger, "BUY", 65, "24500", "10:00")
    assert settle(ledger, mark("24600")) == 65 * 100 * 100
    position = ledger.position(WHO, FUT.key, "NRML")
    assert (position.average, position.marked, position.realised_minor) == (D("24600"), DAY, 650_000)
    funds = ledger.funds(WHO, {FUT.key: D("24600")})
    assert (funds.unrealised_minor, funds.realised_today_minor) == (0, 650_000)
    assert settle(ledger, mark("24450", NEXT)) == -65 * 150 * 100
    book(ledger, "SELL", 65, "24480", "10:00", NEXT + timedelta(days=1))
    position = ledger.position(WHO, FUT.key, "NRML")
    assert (position.quantity, position.cost_minor, position.realised_minor) == (0, 0, -65 * 20 * 100)


def test_mark_when_short_then_a_rise_is_paid(ledger: Ledger) -> None:
    book(ledger, "SELL", 65, "24500", "10:00")
    assert settle(ledger, mark("24600")) == -650_000
    assert ledger.position(WHO, FUT.key, "NRML").cost_minor == -65 * 2_460_000


def test_mark_when_repeated_flat_or_at_the_same_price_then_nothing_moves(ledger: Ledger) -> None:
    assert ledger.mark_to_market(mark("24600")) is None, "no position"
    book(ledger, "BUY", 65, "24500", "10:00")
    assert settle(ledger, mark("24500")) == 0
    before = ledger.balances(WHO)
    again = mark("24900")
    assert ledger.mark_to_market(again) is None, "the day is marked"
    book(ledger, "SELL", 65, "24500", "10:00", NEXT)
    assert ledger.mark_to_market(mark("24900", NEXT)) is None, "flat"
    assert ledger.balances(WHO)["profit"] == before["profit"] == 0


def test_mark_when_a_fill_of_that_day_comes_after_it_then_it_is_marked_too(ledger: Ledger) -> None:
    book(ledger, "BUY", 65, "24500", "10:00")
    settle(ledger, mark("24600"))
    book(ledger, "BUY", 65, "24580", "15:39")
    position = ledger.position(WHO, FUT.key, "NRML")
    assert (position.quantity, position.average, position.realised_minor) == (130, D("24600"), 650_000 + 130_000)
    assert -ledger.balances(WHO)["profit"] == 780_000


def test_load_when_marked_before_then_late_fills_still_find_their_place(ledger: Ledger) -> None:
    first = book(ledger, "BUY", 65, "24500", "10:00")
    settle(ledger, mark("24600"))
    again = Ledger(ledger._rates, ledger._ids, ledger._clock)
    again.load(
        WHO,
        "zerodha",
        balances=ledger.balances(WHO),
        positions=ledger.positions(WHO),
        fills=[first],
        marks=[mark("24600")],
    )
    assert again.mark_to_market(mark("24600")) is None
    for books in (ledger, again):
        book(books, "SELL", 65, "24520", "11:00")
    assert again.position(WHO, FUT.key, "NRML").realised_minor == 130_000
    assert again.balances(WHO)["profit"] == ledger.balances(WHO)["profit"] == -130_000
