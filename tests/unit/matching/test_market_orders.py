"""Market orders walk the book, up to their protection, and never take a quantity twice."""

from decimal import Decimal

from server.matching.messages import Price, Submit
from tests.instruments import option, share
from tests.trading import DAY, Floor, book, order

D = Decimal
RELIANCE = share("RELIANCE")
ASKS = [(1400.05, 100), (1400.10, 200), (1400.15, 300), (1400.20, 400), (1400.25, 500)]
BIDS = [(1400.00, 100), (1399.95, 200), (1399.90, 300), (1399.85, 400), (1399.80, 500)]


def test_fill_market_order_when_depth_suffices_then_walks_level_by_level() -> None:
    floor = Floor(RELIANCE)
    floor.see(book(BIDS, ASKS))
    sent = order(RELIANCE, "BUY", 350)
    floor.send(sent)
    assert floor.trades(sent) == [(100, D("1400.05")), (200, D("1400.1")), (50, D("1400.15"))]
    assert not floor.engine.at_work(sent.id)


def test_fill_500000_shares_when_touch_shows_100_then_not_in_one_shot_at_the_touch() -> None:
    floor = Floor(RELIANCE)
    floor.see(book(BIDS, ASKS))
    sent = order(RELIANCE, "BUY", 500_000)
    floor.send(sent)
    trades = floor.trades(sent)
    assert trades[:5] == [(q, D(str(p))) for p, q in ASKS]
    assert floor.filled(sent) < 500_000
    worst = max(price for _, price in trades)
    # protection of a share above Rs 500 is 0.5 % of the last price (rules/india_rules.md §7)
    assert worst <= D("1400.00") * D("1.005")
    assert floor.engine.at_work(sent.id), "the rest stays as a limit order at the protection price"


def test_fill_beyond_depth_when_hidden_levels_are_taken_then_each_is_a_slip_worse() -> None:
    floor = Floor(RELIANCE)
    floor.see(book(BIDS, ASKS))
    sent = order(RELIANCE, "BUY", 1_500 + 700)
    floor.send(sent)
    hidden = floor.trades(sent)[5:]
    # average shown level is 300; 0.1 % of 1400.25 is 1.40025, up to the tick: 1.45
    assert hidden[0] == (300, D("1401.70"))
    assert [q for q, _ in hidden] == [300, 300, 100]
    assert hidden[1][1] > hidden[0][1]


def test_fill_when_book_has_fewer_than_five_levels_then_nothing_behind_it_is_invented() -> None:
    floor = Floor(RELIANCE)
    floor.see(book(BIDS, ASKS[:2]))
    sent = order(RELIANCE, "BUY", 1_000)
    floor.send(sent)
    assert floor.filled(sent) == 300


def test_send_two_orders_when_book_does_not_refresh_then_the_second_gets_what_is_left() -> None:
    floor = Floor(RELIANCE)
    seen = book(BIDS, ASKS)
    floor.see(seen)
    first, second = order(RELIANCE, "BUY", 100), order(RELIANCE, "BUY", 100)
    floor.send(first)
    floor.see(seen)  # the same book told again is no new quantity
    floor.send(second)
    assert floor.trades(first) == [(100, D("1400.05"))]
    assert floor.trades(second) == [(100, D("1400.10"))]


def test_send_two_orders_in_one_step_when_depth_is_short_then_they_share_it() -> None:
    floor = Floor(RELIANCE)
    floor.see(book(BIDS, ASKS[:1]))
    first, second = order(RELIANCE, "BUY", 80), order(RELIANCE, "BUY", 80)
    floor.step(Submit(first, RELIANCE), Submit(second, RELIANCE))
    assert floor.filled(first) == 80
    assert floor.filled(second) == 20


def test_refresh_level_when_market_shows_new_quantity_then_it_can_be_taken_again() -> None:
    floor = Floor(RELIANCE)
    floor.see(book(BIDS, ASKS[:1]))
    first, second = order(RELIANCE, "BUY", 100), order(RELIANCE, "BUY", 100)
    floor.send(first)
    floor.send(second)
    assert floor.filled(second) == 0
    floor.see(book(BIDS, [(1400.05, 60)], ltp="1400.00"))
    assert floor.filled(second) == 60


def test_send_market_order_when_price_is_stale_then_refused_in_words() -> None:
    floor = Floor(RELIANCE)
    floor.see(book(BIDS, ASKS, fresh=False))
    sent = order(RELIANCE, "BUY", 10)
    reply = floor.send(sent)[0]
    assert floor.refusal(sent) == "exchange.no_price"
    assert "no fresh price of RELIANCE" in getattr(reply, "reason", "")
    assert floor.trades() == []


def test_send_market_order_when_no_price_was_ever_seen_then_refused() -> None:
    floor = Floor(RELIANCE)
    sent = order(RELIANCE, "BUY", 10)
    floor.send(sent)
    assert floor.refusal(sent) == "exchange.no_price"


def test_protect_when_percent_is_given_then_it_bounds_the_walk() -> None:
    floor = Floor(RELIANCE)
    floor.see(book(BIDS, ASKS, ltp="1400.00"))
    sent = order(RELIANCE, "BUY", 1_000, protection="0.01")  # up to 1400.14, on the tick 1400.10
    floor.send(sent)
    assert floor.trades(sent) == [(100, D("1400.05")), (200, D("1400.10"))]


def test_fill_option_when_levels_are_not_whole_lots_then_only_whole_lots_trade() -> None:
    nifty = option("NIFTY", DAY.replace(day=23), 24500, "CE")
    floor = Floor(nifty)
    floor.see(book([(150, 130)], [(150.05, 100), (150.10, 130)]))
    sent = order(nifty, "BUY", 195)
    floor.send(sent)
    assert floor.trades(sent) == [(65, D("150.05")), (130, D("150.10"))]


def test_sell_into_the_bids_when_market_order_then_prices_go_down() -> None:
    floor = Floor(RELIANCE)
    floor.see(book(BIDS, ASKS))
    sent = order(RELIANCE, "SELL", 250, product="MIS")
    floor.send(sent)
    assert floor.trades(sent) == [(100, D("1400.00")), (150, D("1399.95"))]


def test_step_when_latency_is_set_then_order_meets_the_later_book() -> None:
    floor = Floor(RELIANCE, latency=0.05)
    floor.see(book(BIDS, ASKS))
    sent = order(RELIANCE, "BUY", 100)
    assert floor.send(sent) == []
    due = floor.engine.next_due()
    assert due is not None and (due - floor.now).total_seconds() == 0.05
    assert RELIANCE.key in floor.engine.watched()
    floor.step(Price(RELIANCE.key, book(BIDS, [(1401.00, 500)])), at=due)
    assert floor.trades(sent) == [(100, D("1401"))]
