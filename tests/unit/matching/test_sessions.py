"""Sessions: pre-open collects, the closing auction cancels stops and matches at one price, the day ends."""

from datetime import date
from decimal import Decimal

import pytest

from server.matching.messages import Restore
from tests.instruments import future, option, share
from tests.trading import DAY, Floor, book, ist, order

D = Decimal
HDFC = share("HDFCBANK")
SMALL = share("SMALLCAP", fno=False)
FUT = future("NIFTY", date(2026, 11, 30))


def quiet(ltp: str, clock: str, volume: int = 1000, opened: str | None = None):  # type: ignore[no-untyped-def]
    """A book around `ltp` at a time of the day."""
    last = D(ltp)
    return book(
        [(str(last - 1), 500)],
        [(str(last + 1), 500)],
        ltp=ltp,
        volume=volume,
        at=ist(clock),
        opened=opened,
        close="1000.00",
    )


def test_collect_in_preopen_when_continuous_begins_then_matched_at_the_open_price() -> None:
    floor = Floor(HDFC, now=ist("09:02"))
    floor.see(quiet("1000.00", "09:02", volume=0))
    market = order(HDFC, "BUY", 10)
    good = order(HDFC, "BUY", 10, "LIMIT", "1010.00")
    poor = order(HDFC, "BUY", 10, "LIMIT", "1001.00")
    for sent in (market, good, poor):
        floor.send(sent)
    floor.see(quiet("1004.00", "09:14"), at=ist("09:14"))
    assert floor.trades() == []
    floor.see(quiet("1005.50", "09:15:01", volume=5000, opened="1005.00"), at=ist("09:15:01"))
    assert floor.trades(market) == [(10, D("1005"))]
    assert floor.trades(good) == [(10, D("1005"))]
    assert floor.trades(poor) == []
    assert floor.engine.at_work(poor.id)


def test_match_at_open_when_less_was_traded_than_asked_then_market_orders_go_first() -> None:
    floor = Floor(HDFC, now=ist("09:02"))
    limit, market = order(HDFC, "BUY", 100, "LIMIT", "1010.00"), order(HDFC, "BUY", 60)
    floor.send(limit)
    floor.send(market)
    floor.see(quiet("1005.00", "09:15:01", volume=100), at=ist("09:15:01"))
    assert floor.trades(market) == [(60, D("1005"))]
    assert floor.trades(limit)[0] == (40, D("1005"))


def test_enter_closing_auction_when_stops_wait_then_cancelled_and_limits_are_carried_to_its_price() -> None:
    floor = Floor(HDFC, now=ist("15:00"))
    floor.see(quiet("1000.00", "15:00"))
    stop = order(HDFC, "SELL", 10, "SL", "980.00", "985.00", product="MIS")
    shown = order(HDFC, "BUY", 100, "LIMIT", "990.00", disclosed=20)
    limit = order(HDFC, "BUY", 10, "LIMIT", "998.00")
    far = order(HDFC, "BUY", 10, "LIMIT", "950.00")
    for sent in (stop, shown, limit, far):
        floor.send(sent)
    floor.step(at=ist("15:15"))
    assert (floor.last(stop).state, floor.last(shown).state) == ("CANCELLED", "CANCELLED")
    assert "closing auction" in floor.last(stop).reason
    assert (floor.last(far).state, "17070" in floor.last(far).reason) == ("CANCELLED", True)
    floor.see(quiet("990.00", "15:29", volume=1000), at=ist("15:29"))
    assert floor.trades() == [], "nothing trades before the auction's one price"
    floor.see(quiet("996.00", "15:31", volume=9000), at=ist("15:31"))
    floor.step(at=ist("15:35"))
    assert floor.trades(limit) == [(10, D("996"))]


def test_send_in_closing_auction_when_price_is_beyond_the_limit_then_expires_unfilled() -> None:
    floor = Floor(HDFC, now=ist("15:22"))
    floor.see(quiet("1000.00", "15:22"))
    sent = order(HDFC, "BUY", 10, "LIMIT", "998.00")
    market = order(HDFC, "SELL", 10, product="MIS")
    floor.send(sent)
    floor.send(market)
    floor.see(quiet("1003.00", "15:32", volume=4000), at=ist("15:32"))
    floor.step(at=ist("15:35"))
    assert floor.trades(market) == [(10, D("1003"))]
    assert floor.last(sent).state == "EXPIRED"


def test_end_closing_auction_when_no_price_came_in_it_then_nothing_is_matched() -> None:
    floor = Floor(HDFC, now=ist("15:00"))
    floor.see(quiet("1000.00", "15:00"))
    sent = order(HDFC, "BUY", 10, "LIMIT", "998.00")
    floor.send(sent)
    floor.step(at=ist("15:15"))
    floor.step(at=ist("15:36"))
    assert floor.trades() == []
    assert floor.last(sent).state == "EXPIRED"


@pytest.mark.parametrize(("instrument", "before", "after"), [(SMALL, "15:29", "15:30"), (FUT, "15:39", "15:40")])
def test_end_session_when_order_rests_then_expired(instrument, before, after) -> None:  # type: ignore[no-untyped-def]
    floor = Floor(instrument, now=ist("15:00"))
    floor.see(quiet("1000.00", "15:00"))
    sent = order(instrument, "BUY", instrument.lot, "LIMIT", "995.00")
    floor.send(sent)
    floor.step(at=ist(before))
    assert floor.engine.at_work(sent.id)
    due = floor.engine.next_due()
    assert due is not None and due == ist(after)
    floor.step(at=due)
    assert floor.last(sent).state == "EXPIRED"


def test_end_expiring_index_option_when_trading_stops_early_then_its_orders_expire() -> None:
    monday = date(2026, 12, 8)  # a Tuesday expiry under the rules of December 2026: it stops at 15:30, others at 15:45
    expiring = option("NIFTY", monday, 24500, "CE")
    floor = Floor(expiring, now=ist("15:00", monday))
    floor.see(book([(10, 650)], [(10.05, 650)], at=ist("15:00", monday)))
    sent = order(expiring, "BUY", 65, "LIMIT", "9.00")
    floor.send(sent)
    floor.step(at=ist("15:31", monday))
    assert floor.last(sent).state == "EXPIRED"


def test_send_after_market_when_closed_then_queued_and_worked_at_the_next_open() -> None:
    friday_evening, monday = ist("18:00"), DAY.replace(day=23)
    floor = Floor(FUT, now=friday_evening)
    sent = order(FUT, "BUY", 65, "LIMIT", "1002.00", after_market=True, created=friday_evening)
    floor.send(sent)
    assert floor.refusal(sent) == ""
    floor.step(at=ist("10:00", DAY.replace(day=21)))
    assert floor.engine.at_work(sent.id)
    floor.see(book([(999, 650)], [(1001, 650)], ltp="1000.00", at=ist("09:15:01", monday)), at=ist("09:15:01", monday))
    assert floor.filled(sent) == 65


def test_send_after_market_when_market_is_open_then_refused() -> None:
    floor = Floor(HDFC)
    floor.see(quiet("1000.00", "10:00"))
    sent = order(HDFC, "BUY", 10, after_market=True)
    floor.send(sent)
    assert floor.refusal(sent) == "exchange.open"


def test_release_after_market_order_when_it_is_out_of_range_by_then_then_rejected_in_words() -> None:
    floor = Floor(SMALL, now=ist("08:00"))
    sent = order(SMALL, "BUY", 10, "LIMIT", "1300.00", after_market=True, created=ist("08:00"))
    floor.send(sent)
    floor.see(quiet("1000.00", "09:00:01", volume=0), at=ist("09:00:01"))
    floor.step(at=ist("09:15"))
    floor.see(quiet("1000.00", "09:15:01"), at=ist("09:15:01"))
    assert floor.last(sent).state == "REJECTED"
    assert "17070" in floor.last(sent).reason


def test_restore_order_of_an_earlier_day_when_market_moved_on_then_expired() -> None:
    yesterday = ist("10:00", DAY.replace(day=19))
    floor = Floor(HDFC)
    sent = order(HDFC, "BUY", 10, "LIMIT", "990.00", created=yesterday)
    floor.step(Restore(sent, HDFC))
    assert floor.last(sent).state == "EXPIRED"


def test_restore_order_of_today_when_half_filled_then_works_on_at_the_back() -> None:
    import msgspec

    floor = Floor(HDFC)
    floor.see(quiet("1000.00", "10:00"))
    half = msgspec.structs.replace(order(HDFC, "BUY", 100, "LIMIT", "999.00"), filled=40, state="PARTIAL")
    floor.step(Restore(half, HDFC))
    floor.see(quiet("999.00", "10:01", volume=1520), at=ist("10:01"))
    assert floor.trades(half) == [(20, D("999"))]
    assert getattr(floor.events[-1], "execution", "") == f"{half.id}-60"


def test_trade_at_the_close_when_post_close_then_only_at_the_closing_price() -> None:
    floor = Floor(SMALL, now=ist("15:45"))
    floor.see(book([(1000, 10)], [(1000, 30), (1001, 500)], ltp="1000.00", at=ist("15:45")))
    sent = order(SMALL, "BUY", 50)
    floor.send(sent)
    floor.step(at=ist("15:51"))
    late = order(SMALL, "BUY", 50)
    floor.send(late)
    assert floor.refusal(sent) == "exchange.closed"
    assert floor.trades(late) == [(30, D("1000"))]
    floor.step(at=ist("16:00"))
    assert floor.last(late).state == "EXPIRED"
