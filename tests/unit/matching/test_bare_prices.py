"""Where only a last price is known: 0.1 % slippage, now and then a partial fill with the rest worked later."""

from decimal import Decimal

from tests.instruments import share
from tests.trading import Floor, book, order

D = Decimal
ITC = share("ITC")


def test_send_market_order_when_no_book_then_fills_a_tenth_of_a_percent_worse() -> None:
    floor = Floor(ITC, partial_chance=0.0)
    floor.see(book(ltp="400.00"))
    buy, sell = order(ITC, "BUY", 100), order(ITC, "SELL", 100, product="MIS")
    floor.send(buy)
    floor.send(sell)
    assert floor.trades(buy) == [(100, D("400.40"))]
    assert floor.trades(sell) == [(100, D("399.60"))]


def test_send_limit_when_no_book_then_slippage_never_passes_the_limit() -> None:
    floor = Floor(ITC, partial_chance=0.0)
    floor.see(book(ltp="400.00"))
    sent = order(ITC, "BUY", 100, "LIMIT", "400.20")
    floor.send(sent)
    assert floor.trades(sent) == [(100, D("400.20"))]


def test_send_market_order_when_partial_then_70_to_90_percent_now_and_the_rest_with_the_next_price() -> None:
    floor = Floor(ITC, partial_chance=1.0)
    floor.see(book(ltp="400.00"))
    sent = order(ITC, "BUY", 1000)
    floor.send(sent)
    first = floor.filled(sent)
    assert 700 <= first <= 900
    floor.see(book(ltp="400.10"))
    assert first < floor.filled(sent) <= 1000


def test_fill_many_orders_when_no_book_then_about_a_tenth_is_partial() -> None:
    floor = Floor(ITC)
    floor.see(book(ltp="400.00"))
    partial = 0
    for _ in range(1000):
        sent = order(ITC, "BUY", 100)
        floor.send(sent)
        partial += floor.filled(sent) < 100
    assert 70 <= partial <= 130


def test_send_market_order_when_other_side_is_empty_then_rests_at_its_protection() -> None:
    floor = Floor(ITC)
    floor.see(book(bids=[(399.95, 100)], ltp="400.00"))
    sent = order(ITC, "BUY", 100)
    floor.send(sent)
    assert floor.trades() == []
    assert floor.engine.at_work(sent.id)


def test_fill_when_only_the_touch_is_known_then_walks_beyond_it_with_slippage() -> None:
    floor = Floor(ITC)
    floor.see(book([(399.95, 100)], [(400.00, 100)], deep=False))
    sent = order(ITC, "BUY", 150)
    floor.send(sent)
    assert floor.trades(sent) == [(100, D("400.00")), (50, D("400.40"))]
