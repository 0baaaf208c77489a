"""Double entry by hand: what each kind of trade does to position and books."""

from decimal import Decimal

import pytest

from server.core.errors import Fault, Invalid
from server.domain.books import Book, Charges, Position, Posting
from server.domain.orders import Fill, Product
from server.ledger.books import apply_fill, balanced, pays_principal, transfer
from tests.trading import fill, ist

D = Decimal
OPTION = "NFO:NIFTY01DEC2624500CE"
FUTURE = "NFO:NIFTY24NOV26FUT"
SHARE = "NSE:RELIANCE"


def run(product: Product, *fills: Fill, charges: Charges | None = None) -> tuple[Position, dict[Book, int]]:
    """Position and balances after some fills in one instrument."""
    position = Position(account="paper-sim", key=fills[0].key, product=product)
    books: dict[Book, int] = {}
    for one in fills:
        position, postings = apply_fill(position, one, charges or Charges())
        assert sum(p.minor for p in postings) == 0
        for posting in postings:
            books[posting.book] = books.get(posting.book, 0) + posting.minor
    return position, books


def test_buy_option_when_flat_then_premium_moves_from_cash_to_positions() -> None:
    position, books = run("NRML", fill(OPTION, "BUY", 65, "150.00"))
    assert (position.quantity, position.average) == (65, D("150"))
    assert books == {"cash": -975_000, "positions": 975_000}


def test_sell_option_when_flat_then_premium_comes_in_and_stands_against_us() -> None:
    position, books = run("NRML", fill(OPTION, "SELL", 65, "150.00"))
    assert position.cost_minor == -975_000
    assert books == {"cash": 975_000, "positions": -975_000}


def test_close_short_option_when_price_fell_then_profit_is_the_difference() -> None:
    position, books = run("NRML", fill(OPTION, "SELL", 65, "150.00"), fill(OPTION, "BUY", 65, "100.00"))
    assert (position.quantity, position.cost_minor, position.realised_minor) == (0, 0, 325_000)
    assert books["cash"] == 325_000
    assert books["profit"] == -325_000
    assert books["positions"] == 0


def test_buy_future_when_flat_then_no_money_moves() -> None:
    position, books = run("NRML", fill(FUTURE, "BUY", 65, "24500.00"))
    assert (position.quantity, position.average) == (65, D("24500"))
    assert books == {}


def test_close_future_when_price_rose_then_only_the_profit_moves() -> None:
    position, books = run("NRML", fill(FUTURE, "BUY", 65, "24500.00"), fill(FUTURE, "SELL", 65, "24600.00"))
    assert position.realised_minor == 650_000
    assert books == {"cash": 650_000, "profit": -650_000}


def test_sell_intraday_share_short_when_bought_back_dearer_then_the_loss_leaves_cash() -> None:
    position, books = run("MIS", fill(SHARE, "SELL", 100, "1400.00"), fill(SHARE, "BUY", 100, "1410.05"))
    assert position.realised_minor == -100_500
    assert books == {"cash": -100_500, "profit": 100_500}


def test_buy_delivery_share_when_flat_then_the_value_is_paid() -> None:
    _, books = run("CNC", fill(SHARE, "BUY", 10, "1400.00"))
    assert books == {"cash": -1_400_000, "positions": 1_400_000}


def test_flip_when_selling_more_than_held_then_the_rest_opens_at_this_price() -> None:
    position, books = run("NRML", fill(OPTION, "BUY", 65, "150.00"), fill(OPTION, "SELL", 195, "160.00"))
    assert (position.quantity, position.average, position.realised_minor) == (-130, D("160"), 65_000)
    assert books["cash"] == -975_000 + 3_120_000
    assert books["positions"] == -2_080_000


def test_close_in_parts_when_the_average_is_a_fraction_then_nothing_is_left_over() -> None:
    bought = [fill(SHARE, "BUY", 1, p) for p in ("100.00", "100.01", "100.01")]
    sold = [fill(SHARE, "SELL", 1, "100.05") for _ in range(3)]
    position, books = run("CNC", *bought, *sold)
    assert (position.quantity, position.cost_minor) == (0, 0)
    assert position.realised_minor == 30_015 - 30_002
    assert books["positions"] == 0


def test_close_part_when_average_is_a_fraction_then_cost_is_shared_half_up() -> None:
    position, _ = run(
        "CNC", fill(SHARE, "BUY", 2, "100.00"), fill(SHARE, "BUY", 1, "100.01"), fill(SHARE, "SELL", 1, "101")
    )
    # 30001 / 3 = 10000.33 leaves; 20001 stays
    assert (position.cost_minor, position.realised_minor) == (20_001, 100)


def test_charge_fill_when_taxes_and_fees_then_each_goes_to_its_book() -> None:
    charges = Charges(
        brokerage=D("20"), stt=D("18"), exchange=D("4.16"), sebi=D("0.01"), gst=D("4.35"), stamp=D("0.29")
    )
    position, books = run("NRML", fill(OPTION, "SELL", 65, "180.00"), charges=charges)
    assert books["charges"] == 2_417
    assert books["tax"] == 2_264
    assert books["cash"] == 1_170_000 - 4_681
    assert position.charges_minor == 4_681


def test_trade_next_day_when_day_changes_then_day_figures_start_again() -> None:
    first = fill(SHARE, "BUY", 10, "100", at=ist("10:00"))
    second = fill(SHARE, "SELL", 4, "101", at=ist("10:00", ist("10:00").date().replace(day=23)))
    position, _ = run("CNC", first, second)
    assert (position.buy_quantity, position.sell_quantity, position.sell_value_minor) == (0, 4, 40_400)
    assert str(position.day) == "2026-11-23"


@pytest.mark.parametrize(
    ("key", "product", "pays"),
    [
        (OPTION, "NRML", True),
        (OPTION, "MIS", True),
        (FUTURE, "NRML", False),
        ("BFO:SENSEX26NOV26FUT", "MIS", False),
        (SHARE, "CNC", True),
        (SHARE, "MIS", False),
    ],
)
def test_pay_principal_when_instrument_and_product_then_as_the_table_says(
    key: str, product: Product, pays: bool
) -> None:
    assert pays_principal(key, product) is pays


def test_pay_principal_when_derivative_key_is_not_canonical_then_invalid() -> None:
    with pytest.raises(Invalid):
        pays_principal("NFO:NIFTY", "NRML")


def test_apply_fill_of_another_instrument_then_fault() -> None:
    with pytest.raises(Fault):
        apply_fill(Position(account="paper-sim", key=SHARE, product="CNC"), fill(OPTION, "BUY", 1, "1"), Charges())


def test_balance_when_postings_do_not_sum_to_zero_then_fault() -> None:
    one = Posting(
        transaction="t", account="a", book="cash", minor=5, kind="deposit", at=ist("10:00"), at_market=ist("10:00")
    )
    with pytest.raises(Fault, match="5 paise"):
        balanced([one])


def test_transfer_nothing_then_no_postings() -> None:
    when = ist("10:00")
    assert transfer("t", "a", "margin", "cash", 0, kind="hold", reference="o", at=when, at_market=when) == ()
