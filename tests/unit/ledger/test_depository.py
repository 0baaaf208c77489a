"""Depository charges by hand: once a share and day, on what leaves the demat account."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.ledger.ledger import Ledger, PastFill
from tests.instruments import future, share
from tests.trading import DAY, fill, ist, rulebook

WHO = "paper-sim"
RELIANCE, INFY = share("RELIANCE"), share("INFY")
LATER = DAY + timedelta(days=3)
_FEE = 1534
"""Rs 13 and GST, in paise (ZS, confidence H)."""


def book(
    ledger: Ledger,
    side: str,
    quantity: int,
    *,
    of: Instrument = RELIANCE,
    day: date = DAY,
    product: str = "CNC",
    settled: bool = False,
) -> tuple[int, PastFill]:
    """(depository paise moved out of cash, the fill)."""
    one = fill(of.key, side, quantity, "1400", at=ist("10:00", day), settled=settled)  # type: ignore[arg-type]
    applied = ledger.apply(one, product, of)  # type: ignore[arg-type]
    assert applied is not None
    ledger.commit(applied)
    assert sum(ledger.balances(WHO).values()) == 0
    paid = -sum(p.minor for p in applied.postings if p.kind == "depository" and p.book == "cash")
    return paid, PastFill(applied.fill, applied.position.product, applied.charges)


def test_sell_from_holdings_when_in_parts_then_charged_once_a_share_and_day(ledger: Ledger) -> None:
    assert book(ledger, "BUY", 30)[0] == 0
    assert [book(ledger, "SELL", 10, day=LATER)[0] for _ in range(2)] == [_FEE, 0]
    assert book(ledger, "SELL", 10, day=LATER + timedelta(days=1))[0] == _FEE
    assert ledger.position(WHO, RELIANCE.key, "CNC").quantity == 0


def test_sell_two_shares_on_one_day_then_v9_of_the_rules(ledger: Ledger) -> None:
    for one in (RELIANCE, INFY):
        book(ledger, "BUY", 10, of=one)
    assert sum(book(ledger, "SELL", 10, of=one, day=LATER)[0] for one in (RELIANCE, INFY)) == 3068
    assert rulebook().dp_charges("zerodha", 2, LATER).total == Decimal("30.68")


def test_sell_when_bought_the_same_day_then_nothing_leaves_the_demat_account(ledger: Ledger) -> None:
    book(ledger, "BUY", 10)
    assert book(ledger, "SELL", 10)[0] == 0
    assert book(ledger, "SELL", 5)[0] == _FEE, "five more come out of what was there before"
    assert book(ledger, "BUY", 5)[0] == -_FEE, "bought back: given back"
    assert ledger.position(WHO, RELIANCE.key, "CNC").charges_minor == (
        ledger.balances(WHO)["charges"] + ledger.balances(WHO)["tax"]
    )


def test_sell_when_intraday_or_a_future_then_no_charge(ledger: Ledger) -> None:
    assert book(ledger, "SELL", 10, product="MIS")[0] == 0
    assert book(ledger, "SELL", 65, of=future("NIFTY", DAY.replace(day=30)), product="NRML")[0] == 0


def test_deliver_at_expiry_when_bought_in_first_then_only_what_was_held_is_charged(ledger: Ledger) -> None:
    book(ledger, "BUY", 250, settled=True)
    assert book(ledger, "SELL", 250, settled=True)[0] == 0
    assert book(ledger, "SELL", 250, day=LATER, settled=True)[0] == _FEE


def test_charge_lines_when_a_depository_charge_is_due_then_books_name_it(ledger: Ledger) -> None:
    one = fill(RELIANCE.key, "SELL", 10, "1400")
    applied = ledger.apply(one, "CNC", RELIANCE)
    assert applied is not None
    lines = {p.book: p.minor for p in applied.postings if p.kind == "depository"}
    assert lines == {"cash": -1534, "charges": 1300, "tax": 234}
    assert applied.charges.other == 0, "it is not on the contract note"


def test_load_when_sold_today_then_a_second_sale_is_not_charged_again(ledger: Ledger) -> None:
    _, sold = book(ledger, "SELL", 10)
    again = Ledger(ledger._rates, ledger._ids, ledger._clock)
    again.load(WHO, "zerodha", balances=ledger.balances(WHO), positions=ledger.positions(WHO), fills=[sold])
    assert book(again, "SELL", 10)[0] == 0


def test_estimate_when_a_sale_would_deliver_then_its_charge_or_an_error_where_it_is_not_known(ledger: Ledger) -> None:
    assert ledger.depository(WHO, RELIANCE, "CNC", -10, DAY).total == Decimal("15.34")
    assert ledger.depository(WHO, RELIANCE, "CNC", 10, DAY).total == 0
    ledger.load("other", "fyers")
    with pytest.raises(Invalid) as caught:
        ledger.depository("other", RELIANCE, "CNC", -10, DAY)
    assert caught.value.code == "rules.unknown_dp"
    one = fill(RELIANCE.key, "SELL", 10, "1400", account="other")
    assert ledger.apply(one, "CNC", RELIANCE) is not None, "a fill is a fact and is booked all the same"
