"""Stop orders: trigger once, on the last traded price, then work as limit or protected market orders."""

from decimal import Decimal

from server.matching.messages import Changed
from tests.instruments import option, share
from tests.trading import DAY, Floor, book, order

D = Decimal
TCS = share("TCS")
BIDS = [(3000.00, 100), (2999.95, 200)]
ASKS = [(3000.10, 100), (3000.15, 200)]


def test_trigger_stop_limit_when_last_price_reaches_it_then_once_and_fills_like_a_limit() -> None:
    floor = Floor(TCS)
    floor.see(book(BIDS, ASKS, ltp="3000.00"))
    sent = order(TCS, "BUY", 50, "SL", "3010.00", "3005.00")
    floor.send(sent)
    floor.see(book([(3004, 10)], [(3004.5, 10)], ltp="3004.95"))
    assert floor.trades() == []
    floor.see(book([(3004, 10)], [(3005.5, 20), (3009.0, 20), (3012.0, 50)], ltp="3005.00"))
    assert floor.trades() == [(20, D("3005.5")), (20, D("3009"))]
    floor.see(book([(3003, 10)], [(3012.0, 50)], ltp="3003.00", volume=1000))
    floor.see(book([(3003, 10)], [(3012.0, 50)], ltp="3006.00", volume=1000))
    triggered = [e for e in floor.events if isinstance(e, Changed) and e.triggered]
    assert len(triggered) == 1
    assert floor.filled(sent) == 40
    assert floor.engine.at_work(sent.id)


def test_trigger_stop_market_when_reached_then_sells_into_the_bids() -> None:
    floor = Floor(TCS)
    floor.see(book(BIDS, ASKS, ltp="3000.00"))
    sent = order(TCS, "SELL", 150, "SL-M", None, "2990.00", product="MIS")
    floor.send(sent)
    floor.see(book([(2989, 100), (2988, 100)], [(2990, 10)], ltp="2989.50"))
    assert floor.trades() == [(100, D("2989")), (50, D("2988"))]


def test_trigger_when_price_is_stale_then_not_until_it_is_fresh() -> None:
    floor = Floor(TCS)
    floor.see(book(BIDS, ASKS, ltp="3000.00"))
    sent = order(TCS, "SELL", 50, "SL-M", None, "2990.00", product="MIS")
    floor.send(sent)
    floor.see(book([(2989, 100)], [(2990, 10)], ltp="2980.00", fresh=False))
    assert floor.trades() == []
    floor.see(book([(2979, 100)], [(2990, 10)], ltp="2980.00"))
    assert floor.trades() == [(50, D("2979"))]


def test_send_stop_when_price_is_past_the_trigger_already_then_refused() -> None:
    floor = Floor(TCS)
    floor.see(book(BIDS, ASKS, ltp="3000.00"))
    sent = order(TCS, "BUY", 50, "SL", "3000.00", "2999.00")
    floor.send(sent)
    assert floor.refusal(sent) == "exchange.trigger"


def test_send_stop_when_limit_is_on_the_wrong_side_of_the_trigger_then_refused() -> None:
    floor = Floor(TCS)
    floor.see(book(BIDS, ASKS, ltp="3000.00"))
    sent = order(TCS, "BUY", 50, "SL", "3004.00", "3005.00")
    floor.send(sent)
    assert floor.refusal(sent) == "exchange.trigger"


def test_send_stop_market_when_nse_option_then_refused() -> None:
    nifty = option("NIFTY", DAY.replace(day=23), 24500, "CE")
    floor = Floor(nifty)
    floor.see(book([(150, 650)], [(150.05, 650)], ltp="150.00"))
    sent = order(nifty, "SELL", 65, "SL-M", None, "140.00")
    floor.send(sent)
    assert floor.refusal(sent) == "exchange.order_type"


def test_trigger_stop_limit_when_its_limit_is_out_of_the_range_by_then_then_cancelled() -> None:
    nifty = option("NIFTY", DAY.replace(day=23), 24500, "CE")
    floor = Floor(nifty)
    floor.see(book([(99, 650)], [(100, 650)], ltp="100.00"))
    sent = order(nifty, "BUY", 65, "SL", "250.00", "110.00")  # 40 % around 110 ends at 154
    floor.send(sent)
    assert floor.refusal(sent) == ""
    floor.see(book([(109, 650)], [(110, 650)], ltp="110.00"))
    assert floor.last(sent).state == "CANCELLED"
    assert "17070" in floor.last(sent).reason


def test_modify_trigger_when_waiting_then_the_new_one_counts() -> None:
    floor = Floor(TCS)
    floor.see(book(BIDS, ASKS, ltp="3000.00"))
    sent = order(TCS, "SELL", 50, "SL-M", None, "2990.00", product="MIS")
    floor.send(sent)
    floor.modify(sent, trigger=D("2980.00"))
    floor.see(book([(2984, 100)], [(2990, 10)], ltp="2985.00"))
    assert floor.trades() == []
    floor.see(book([(2979, 100)], [(2990, 10)], ltp="2980.00"))
    assert floor.filled(sent) == 50
