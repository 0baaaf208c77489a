"""Charge vectors of the rules file, each named: V1-V3, V5-V9, V13, V14 were observed, the rest follow from the rates.

Totals hold to the paisa stated; figures that brokers' interfaces give unrounded hold to the last digit.
"""

from datetime import date
from decimal import Decimal

import pytest

from server.domain.books import Charges
from server.domain.instruments import Instrument
from server.domain.orders import Product, Side
from server.rulebook import ContractNote, Rulebook, Trade
from tests.instruments import future, option, share

APRIL = date(2026, 4, 1)
MARCH = date(2026, 3, 2)
EXPIRY = date(2026, 4, 28)
NIFTY_FUTURE = future("NIFTY", EXPIRY)
NIFTY_CALL = option("NIFTY", EXPIRY, 24500, "CE")


def trade(instrument: Instrument, side: Side, product: Product, quantity: int, price: str) -> Trade:
    return Trade(instrument=instrument, side=side, product=product, quantity=quantity, price=Decimal(price), order=side)


def round_trip(
    rulebook: Rulebook, instrument: Instrument, product: Product, quantity: int, buy: str, sell: str, day: date
) -> ContractNote:
    """Contract note of buying and selling once, at Zerodha's rates."""
    trades = [trade(instrument, "BUY", product, quantity, buy), trade(instrument, "SELL", product, quantity, sell)]
    return rulebook.contract_note("zerodha", trades, day)


def lines(brokerage: str, stt: str, exchange: str, sebi: str, gst: str, stamp: str) -> Charges:
    return Charges(
        brokerage=Decimal(brokerage),
        stt=Decimal(stt),
        exchange=Decimal(exchange),
        sebi=Decimal(sebi),
        gst=Decimal(gst),
        stamp=Decimal(stamp),
    )


def test_v1_intraday_round_trip(rulebook: Rulebook) -> None:
    note = round_trip(rulebook, share(), "MIS", 500, "1000", "1000", MARCH)
    assert note.lines == lines("40", "125", "30.70", "1", "12.91", "15")
    assert note.total == Decimal("224.61")


def test_v2_delivery_round_trip(rulebook: Rulebook) -> None:
    note = round_trip(rulebook, share(), "CNC", 500, "1000", "1000", MARCH)
    assert note.lines == lines("0", "1000", "30.70", "1", "5.71", "75")
    assert note.total == Decimal("1112.41")


def test_v3_options_round_trip(rulebook: Rulebook) -> None:
    note = round_trip(rulebook, NIFTY_CALL, "NRML", 500, "1000", "1000", MARCH)
    assert note.lines == lines("40", "500", "355.30", "1", "71.33", "15")
    assert note.total == Decimal("982.63")


def test_v4_option_sale_unrounded_as_the_interface_reports_it(rulebook: Rulebook) -> None:
    sale = trade(option("NIFTY", date(2023, 7, 27), 19500, "CE"), "SELL", "NRML", 1, "2673.75")
    exact = rulebook.exact_charges(sale, date(2023, 7, 1), Decimal(20), ipft=False)
    assert exact == lines("20", "1.67109375", "1.336875", "0.00267375", "3.841118775", "0")
    assert exact.total == Decimal("26.851761275")


def test_v5_commodity_future_sale_unrounded(rulebook: Rulebook) -> None:
    exact = rulebook.charges(
        "zerodha",
        future("GOLDPETAL", date(2023, 7, 31), "MCX", 1),
        "SELL",
        "NRML",
        1,
        Decimal(5862),
        date(2023, 7, 1),
        rounded=False,
    )
    assert exact == lines("1.7586", "0.5862", "0.152412", "0.005862", "0.34503732", "0")
    assert exact.total == Decimal("2.84811132")


def test_v6_delivery_buy_at_a_given_brokerage(rulebook: Rulebook) -> None:
    buy = trade(share("INFY"), "BUY", "CNC", 1, "1498")
    exact = rulebook.exact_charges(buy, date(2023, 3, 1), Decimal("0.01"))
    assert (exact.stt, exact.exchange, exact.sebi) == (Decimal("1.498"), Decimal("0.051681"), Decimal("0.001498"))
    assert exact.gst == Decimal("0.01137222")
    # this interface rounds stamp duty and nothing else
    stamp = exact.stamp.quantize(Decimal("0.01"))
    assert stamp == Decimal("0.22")
    assert exact.total - exact.stamp + stamp == Decimal("1.79255122")


def test_v7_stt_of_a_mixed_day_uses_the_days_average(rulebook: Rulebook) -> None:
    buys = [(500, Decimal(100)), (200, Decimal(110))]
    intraday, delivery = rulebook.day_stt(buys, [(500, Decimal(105))], date(2024, 1, 1))
    assert (intraday, delivery) == (Decimal(13), Decimal(21))


@pytest.mark.parametrize(("day", "expected"), [(date(2026, 3, 31), 400), (date(2026, 4, 1), 1000)])
def test_v8_stt_of_a_futures_sale_around_the_change(rulebook: Rulebook, day: date, expected: int) -> None:
    charges = rulebook.charges("zerodha", NIFTY_FUTURE, "SELL", "NRML", 100, Decimal(20000), day)
    assert charges.stt == expected


def test_v9_depository_charge_of_two_shares(rulebook: Rulebook) -> None:
    assert rulebook.dp_charges("zerodha", 2, APRIL).total == Decimal("30.68")


def test_v10_index_future_round_trip(rulebook: Rulebook) -> None:
    note = round_trip(rulebook, NIFTY_FUTURE, "NRML", 65, "24500", "24600", APRIL)
    assert note.lines == lines("40", "800", "58.40", "3.19", "18.29", "31.85")
    assert note.total == Decimal("951.73")


def test_v11_index_option_round_trip(rulebook: Rulebook) -> None:
    note = round_trip(rulebook, NIFTY_CALL, "NRML", 65, "150", "180", APRIL)
    assert note.lines == lines("40", "18", "7.62", "0.02", "8.58", "0.29")
    assert note.total == Decimal("74.51")


def test_v12_futures_round_trip(rulebook: Rulebook) -> None:
    note = round_trip(rulebook, NIFTY_FUTURE, "NRML", 500, "1000", "1000", APRIL)
    assert note.lines == lines("40", "250", "18.30", "1", "10.67", "10")
    assert note.total == Decimal("329.97")


def test_v13_delivery_buy_with_the_protection_fund_outside_gst(rulebook: Rulebook) -> None:
    exact = rulebook.charges("zerodha", share("SBIN"), "BUY", "CNC", 1, Decimal(560), date(2023, 7, 1), rounded=False)
    assert (exact.brokerage, exact.stt, exact.sebi) == (Decimal(0), Decimal("0.56"), Decimal("0.00056"))
    assert (exact.exchange, exact.gst) == (Decimal("0.01876"), Decimal("0.0033768"))
    # this sample reports no stamp duty
    assert exact.total - exact.stamp == Decimal("0.5826968")


@pytest.mark.parametrize(("price", "expected"), [("10100", 3), ("2071", 1)])
def test_v14_stt_is_rounded_half_up_to_the_rupee(rulebook: Rulebook, price: str, expected: int) -> None:
    assert rulebook.charges("zerodha", share(), "SELL", "MIS", 1, Decimal(price), APRIL).stt == expected


def test_v15_options_round_trip_after_the_tax_change(rulebook: Rulebook) -> None:
    note = round_trip(rulebook, NIFTY_CALL, "NRML", 500, "1000", "1000", APRIL)
    assert note.lines == lines("40", "750", "355.30", "1", "71.33", "15")
    assert note.total == Decimal("1232.63")


def test_v16_bombay_delivery_round_trip(rulebook: Rulebook) -> None:
    note = round_trip(rulebook, share("RELIANCE", "BSE"), "CNC", 100, "250", "260", APRIL)
    assert note.lines == lines("0", "51", "1.91", "0.05", "0.35", "3.75")
    assert note.total == Decimal("57.07")
