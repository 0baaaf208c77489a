"""The ledger by hand: a NIFTY option round trip with charges, holds, late and repeated fills, loading."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from server.core.errors import Invalid, NotFound
from server.domain.instruments import Instrument
from server.domain.orders import Fill, Product
from server.ledger.ledger import POSITIONS, Applied, Ledger, PastFill
from tests.instruments import future, option, share
from tests.trading import DAY, fill, ist, order

D = Decimal
NIFTY = option("NIFTY", DAY.replace(day=30), 24500, "CE")
FUT = future("NIFTY", DAY.replace(day=30))
RELIANCE = share("RELIANCE")
WHO = "paper-sim"


def book(ledger: Ledger, one: Fill, product: Product, instrument: Instrument, origin: str = "user") -> Applied:
    """Apply and commit."""
    applied = ledger.apply(one, product, instrument, origin=origin)
    assert applied is not None
    ledger.commit(applied)
    assert sum(ledger.balances(WHO).values()) == 0
    return applied


def test_round_trip_of_a_nifty_option_when_all_is_charged_then_as_worked_by_hand(ledger: Ledger) -> None:
    """V11 of rules/india_rules.md: 65 at 150 -> 180 costs 74.51."""
    bought = book(ledger, fill(NIFTY.key, "BUY", 65, "150.00"), "NRML", NIFTY)
    # 65 x 150 = 9750: brokerage 20, exchange 3.46, SEBI 0.01, stamp 0.29, GST 18 % of 23.47 = 4.23
    assert bought.charges.total == D("27.99")
    assert ledger.balances(WHO) == {
        "cash": 50_000_000 - 975_000 - 2_799,
        "capital": -50_000_000,
        "margin": 0,
        "positions": 975_000,
        "profit": 0,
        "charges": 2_347,
        "tax": 452,
    }
    sold = book(ledger, fill(NIFTY.key, "SELL", 65, "180.00"), "NRML", NIFTY)
    # 65 x 180 = 11700: brokerage 20, STT 17.55 -> 18, exchange 4.16, SEBI 0.01, GST 18 % of 24.17 = 4.35
    assert sold.charges.stt == 18
    assert bought.charges.total + sold.charges.total == D("74.51")
    funds = ledger.funds(WHO)
    assert funds.realised_minor == 195_000
    assert funds.charges_minor + funds.tax_minor == 7_451
    assert funds.cash_minor == 50_000_000 + 195_000 - 7_451
    assert funds.equity_minor == funds.cash_minor
    assert (funds.realised_today_minor, funds.charges_today_minor + funds.tax_today_minor) == (195_000, 7_451)
    position = ledger.position(WHO, NIFTY.key, "NRML")
    assert (position.quantity, position.realised_minor, position.charges_minor) == (0, 195_000, 7_451)


def test_charge_order_when_filled_in_ten_parts_then_it_costs_what_one_fill_costs(ledger: Ledger) -> None:
    whole = book(ledger, fill(RELIANCE.key, "BUY", 500, "1400.05", order="whole"), "MIS", RELIANCE).charges
    parts = [book(ledger, fill(RELIANCE.key, "BUY", 50, "1400.05", order="parts"), "MIS", RELIANCE) for _ in range(10)]
    assert sum(p.charges.total for p in parts) == whole.total
    assert sum(p.charges.brokerage for p in parts) == 20


def test_square_off_when_done_by_the_broker_then_his_fee_is_charged_once(ledger: Ledger) -> None:
    plain = book(ledger, fill(RELIANCE.key, "SELL", 50, "1400", order="mine"), "MIS", RELIANCE).charges.total
    parts = [
        book(ledger, fill(RELIANCE.key, "SELL", 25, "1400", order="his"), "MIS", RELIANCE, "squareoff")
        for _ in range(2)
    ]
    assert sum(p.charges.total for p in parts) - plain == 59  # Rs 50 and GST


def test_apply_fill_twice_when_committed_then_the_second_is_none(ledger: Ledger) -> None:
    one = fill(NIFTY.key, "BUY", 65, "150.00")
    applied = book(ledger, one, "NRML", NIFTY)
    before = ledger.balances(WHO)
    assert ledger.seen(WHO, one.execution)
    assert ledger.apply(one, "NRML", NIFTY) is None
    ledger.commit(applied)
    assert ledger.balances(WHO) == before


def test_apply_when_not_committed_then_nothing_has_changed(ledger: Ledger) -> None:
    before = ledger.balances(WHO)
    ledger.apply(fill(NIFTY.key, "BUY", 65, "150.00"), "NRML", NIFTY)
    assert ledger.balances(WHO) == before
    assert ledger.positions(WHO) == []


def test_apply_late_fill_when_it_belongs_before_others_then_position_is_as_if_it_came_in_time(ledger: Ledger) -> None:
    early = fill(FUT.key, "BUY", 65, "24400", at=ist("10:00"))
    middle = fill(FUT.key, "SELL", 65, "24500", at=ist("10:01"))
    last = fill(FUT.key, "BUY", 65, "24600", at=ist("10:02"))
    for one in (middle, last, early):  # the first comes last: middle opened a short, or so it seemed
        book(ledger, one, "NRML", FUT)
    position = ledger.position(WHO, FUT.key, "NRML")
    assert (position.quantity, position.average, position.realised_minor) == (65, D("24600"), 650_000)
    assert ledger.funds(WHO).realised_minor == 650_000


def test_open_positions_when_one_is_closed_then_only_what_is_held_is_among_them(ledger: Ledger) -> None:
    book(ledger, fill(RELIANCE.key, "BUY", 10, "1300"), "MIS", RELIANCE)
    assert ledger.open_positions(WHO) == ledger.positions(WHO)
    book(ledger, fill(RELIANCE.key, "SELL", 10, "1310"), "MIS", RELIANCE)
    assert ledger.open_positions(WHO) == []
    assert [p.quantity for p in ledger.positions(WHO)] == [0]


def test_hold_when_order_is_placed_partly_filled_and_ends_then_cash_comes_back(ledger: Ledger) -> None:
    sent = order(NIFTY, "BUY", 130, "LIMIT", "150.00")
    ledger.fold(ledger.hold(sent, 1_950_000, ist("10:00")))
    assert ledger.funds(WHO).free_minor == 48_050_000
    assert ledger.funds(WHO).cash_minor == 50_000_000
    ledger.fold(ledger.hold(sent, 975_000, ist("10:01")))
    assert ledger.held(WHO, sent.id) == 975_000
    assert ledger.hold(sent, 975_000, ist("10:01")) == ()
    ledger.fold(ledger.release(sent, ist("10:02")))
    assert ledger.funds(WHO).free_minor == 50_000_000
    assert ledger.holds(WHO) == {}


def test_adjust_hold_when_need_changes_then_margin_is_exactly_that(ledger: Ledger) -> None:
    for need in (14_372_000, 20_000_000, 0):
        postings = ledger.adjust_hold(WHO, need, ist("10:00"))
        assert sum(p.minor for p in postings) == 0
        ledger.fold(postings)
        assert ledger.held(WHO, POSITIONS) == need
        assert ledger.balances(WHO)["margin"] == need


def test_funds_when_a_future_is_under_water_then_free_is_less_but_cash_is_not(ledger: Ledger) -> None:
    book(ledger, fill(FUT.key, "BUY", 65, "24500"), "NRML", FUT)
    funds = ledger.funds(WHO, {FUT.key: D("24400")})
    assert funds.unrealised_minor == -650_000
    assert funds.free_minor == ledger.balances(WHO)["cash"] - 650_000
    assert ledger.funds(WHO, {FUT.key: D("24600")}).free_minor == ledger.balances(WHO)["cash"]


def test_mark_when_short_and_price_rises_then_open_loss(ledger: Ledger) -> None:
    book(ledger, fill(NIFTY.key, "SELL", 65, "150"), "NRML", NIFTY)
    assert ledger.mark(WHO, {NIFTY.key: D("160.05")}) == {(NIFTY.key, "NRML"): -65_325}
    assert ledger.funds(WHO, {NIFTY.key: D("160.05")}).free_minor == ledger.balances(WHO)["cash"]


def test_withdraw_when_more_than_free_then_refused_with_the_limit(ledger: Ledger) -> None:
    with pytest.raises(Invalid) as caught:
        ledger.withdraw(WHO, 50_000_001, "rent", ist("10:00"))
    assert (caught.value.code, caught.value.limit) == ("funds.free", "500000.00")
    ledger.fold(ledger.withdraw(WHO, 10_000_000, "rent", ist("10:00")))
    assert ledger.funds(WHO).capital_minor == 40_000_000


@pytest.mark.parametrize("minor", [0, -1])
def test_deposit_when_not_positive_then_refused(ledger: Ledger, minor: int) -> None:
    with pytest.raises(Invalid):
        ledger.deposit(WHO, minor, "x", ist("10:00"))


def test_read_account_that_is_not_there_then_not_found(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        ledger.funds("nobody")


def test_load_from_what_was_stored_then_books_go_on_as_if_never_stopped(ledger: Ledger) -> None:
    sent = order(NIFTY, "BUY", 130, "LIMIT", "150.00")
    ledger.fold(ledger.hold(sent, 975_000, ist("10:00")))
    first = book(ledger, fill(NIFTY.key, "BUY", 65, "150.00", order=sent.id), "NRML", NIFTY)
    again = Ledger(ledger._rates, ledger._ids, ledger._clock)
    again.load(
        WHO,
        "zerodha",
        balances=ledger.balances(WHO),
        holds=ledger.holds(WHO),
        positions=ledger.positions(WHO),
        fills=[PastFill(first.fill, "NRML", first.charges)],
    )
    late = fill(NIFTY.key, "SELL", 65, "140.00", at=first.fill.at_market - timedelta(seconds=1))
    rest = fill(NIFTY.key, "BUY", 65, "151.00", order=sent.id, at=first.fill.at_market + timedelta(seconds=1))
    for one in (late, rest):
        expected, got = ledger.apply(one, "NRML", NIFTY), again.apply(one, "NRML", NIFTY)
        assert expected is not None and got is not None
        assert msgspec.structs.replace(got, postings=()) == msgspec.structs.replace(expected, postings=())
        ledger.commit(expected)
        again.commit(got)
    assert again.balances(WHO) == ledger.balances(WHO)
    assert again.holds(WHO) == ledger.holds(WHO)
    assert again.seen(WHO, first.fill.execution)


@pytest.mark.parametrize(
    ("instrument", "side", "price", "product", "expected"),
    [
        (NIFTY, "SELL", "120.00", "NRML", "12.00"),  # exercised: STT 0.15 % of 7800 = 11.70, to the rupee
        (NIFTY, "BUY", "120.00", "NRML", "0.00"),  # the writer pays nothing
        (NIFTY, "SELL", "0", "NRML", "0.00"),
        (FUT, "SELL", "24500", "NRML", "0.00"),
    ],
)
def test_charge_settlement_when_contract_expires_then_only_stt_of_an_exercised_option(
    ledger: Ledger, instrument: Instrument, side: str, price: str, product: Product, expected: str
) -> None:
    one = fill(instrument.key, side, 65, price, settled=True)  # type: ignore[arg-type]
    assert book(ledger, one, product, instrument).charges.total == D(expected)


def test_charge_delivery_at_expiry_then_stt_and_stamp_but_no_brokerage_or_fees(ledger: Ledger) -> None:
    one = fill(RELIANCE.key, "BUY", 250, "1400", settled=True)
    charges = book(ledger, one, "CNC", RELIANCE).charges
    assert (charges.stt, charges.stamp) == (D("350"), D("52.50"))
    assert charges.total == D("402.50")
