"""Limit orders: price improvement, the queue, partial fills, IOC, disclosed quantity, changes."""

from decimal import Decimal
from typing import Any

import pytest

from server.domain.orders import Order, Side
from server.matching.messages import Changed, Reply, Trade
from tests.instruments import share
from tests.trading import Floor, book, order

D = Decimal
SBIN = share("SBIN")
BIDS = [(800.00, 100), (799.95, 200), (799.90, 300), (799.85, 400), (799.80, 500)]
ASKS = [(800.10, 100), (800.15, 200), (800.20, 300), (800.25, 400), (800.30, 500)]


def resting(quantity: int = 50, price: str = "800.00", **more: Any) -> tuple[Floor, Order]:
    """A floor with one buy order at rest."""
    floor = Floor(SBIN)
    floor.see(book(BIDS, ASKS, volume=1000))
    sent = order(SBIN, "BUY", quantity, "LIMIT", price, **more)
    floor.send(sent)
    return floor, sent


def test_send_marketable_limit_when_book_is_better_then_fills_at_the_better_price_up_to_the_limit() -> None:
    floor = Floor(SBIN)
    floor.see(book(BIDS, ASKS))
    sent = order(SBIN, "BUY", 500, "LIMIT", "800.15")
    floor.send(sent)
    assert floor.trades(sent) == [(100, D("800.10")), (200, D("800.15"))]
    assert floor.engine.at_work(sent.id)


def test_rest_when_trades_do_not_reach_past_the_queue_then_nothing_fills() -> None:
    floor, _sent = resting()
    floor.see(book(BIDS, ASKS, ltp="800.00", volume=1060))  # 60 of the 100 ahead
    assert floor.trades() == []


def test_rest_when_touched_without_volume_then_does_not_fill() -> None:
    floor, _sent = resting()
    floor.see(book(BIDS, ASKS, ltp="800.00", volume=1000))
    assert floor.trades() == []


def test_rest_when_volume_passes_the_queue_then_the_excess_fills_at_the_limit() -> None:
    floor, _sent = resting(50)
    floor.see(book([(800.00, 40), *BIDS[1:]], ASKS, ltp="800.00", volume=1060))
    floor.see(book([(800.00, 40), *BIDS[1:]], ASKS, ltp="800.00", volume=1130))  # 70 more: 40 ahead, 30 for us
    assert floor.trades() == [(30, D("800.00"))]
    assert [e.liquidity for e in floor.events if isinstance(e, Trade)] == ["maker"]


def test_rest_when_the_queue_is_cancelled_away_then_the_order_moves_forward() -> None:
    floor, _sent = resting(50)
    floor.see(book([(800.00, 10), *BIDS[1:]], ASKS, ltp="800.10", volume=1000))  # 90 of 100 withdrew
    floor.see(book([(800.00, 10), *BIDS[1:]], ASKS, ltp="800.00", volume=1030))
    assert floor.trades() == [(20, D("800.00"))]


def test_rest_when_market_trades_through_then_fills_at_the_limit_not_better_for_the_market() -> None:
    floor, _sent = resting(50)
    floor.see(book([(799.90, 10)], [(800.00, 500)], ltp="799.95", volume=1020))
    assert floor.trades() == [(20, D("800.00")), (30, D("800.00"))]


def test_rest_two_orders_when_volume_is_short_then_the_earlier_is_filled_first() -> None:
    floor, _ = resting(50)
    second = order(SBIN, "BUY", 50, "LIMIT", "800.00")
    floor.send(second)
    floor.see(book(BIDS, ASKS, ltp="800.00", volume=1170))  # 100 ahead, 70 beyond
    assert [q for q, _ in floor.trades()] == [50, 20]
    assert floor.filled(second) == 20


def test_rest_inside_the_spread_when_traded_there_then_nobody_was_ahead() -> None:
    floor, _sent = resting(50, "800.05")
    floor.see(book([(800.05, 200), *BIDS], ASKS, ltp="800.05", volume=1020))
    assert floor.trades() == [(20, D("800.05"))]


def test_rest_beyond_the_shown_levels_when_its_price_appears_then_all_shown_there_is_ahead() -> None:
    floor, _sent = resting(50, "799.00")
    lower = [(799.00, 300), (798.95, 10), (798.90, 10), (798.85, 10), (798.80, 10)]
    floor.see(book(lower, [(799.05, 10)], ltp="799.05", volume=1100))
    floor.see(book(lower, [(799.05, 10)], ltp="799.00", volume=1350))  # 250 of 300
    assert floor.trades() == []
    floor.see(book(lower, [(799.05, 10)], ltp="799.00", volume=1420))  # 50 ahead, 20 beyond
    assert floor.trades() == [(20, D("799.00"))]


def test_send_ioc_when_book_is_short_then_partial_fill_and_the_rest_is_cancelled() -> None:
    floor = Floor(SBIN)
    floor.see(book(BIDS, ASKS))
    sent = order(SBIN, "BUY", 250, "LIMIT", "800.10", validity="IOC")
    floor.send(sent)
    assert floor.filled(sent) == 100
    end = floor.last(sent)
    assert (end.state, end.filled) == ("CANCELLED", 100)
    assert not floor.engine.at_work(sent.id)


def test_send_ioc_when_nothing_matches_then_cancelled_unfilled() -> None:
    floor = Floor(SBIN)
    floor.see(book(BIDS, ASKS))
    sent = order(SBIN, "BUY", 10, "LIMIT", "800.00", validity="IOC")
    floor.send(sent)
    assert floor.last(sent).state == "CANCELLED"
    assert floor.trades() == []


def test_rest_disclosed_when_its_part_is_filled_then_the_next_part_queues_at_the_back() -> None:
    floor, _sent = resting(50, disclosed=20)
    floor.see(book(BIDS, ASKS, ltp="800.00", volume=1150))  # 100 ahead, 50 beyond, 20 disclosed
    assert floor.trades() == [(20, D("800.00"))]
    floor.see(book(BIDS, ASKS, ltp="800.00", volume=1200))  # 50 of the 100 now ahead
    assert len(floor.trades()) == 1
    floor.see(book(BIDS, ASKS, ltp="800.00", volume=1270))
    assert floor.trades()[1:] == [(20, D("800.00"))]


def test_modify_price_when_it_crosses_then_takes_from_the_book() -> None:
    floor, sent = resting(50)
    floor.modify(sent, price=D("800.10"))
    assert floor.trades() == [(50, D("800.10"))]


def test_modify_quantity_down_when_resting_then_keeps_its_place_in_the_queue() -> None:
    floor, sent = resting(50)
    floor.modify(sent, quantity=30)
    floor.see(book(BIDS, ASKS, ltp="800.00", volume=1115))
    assert floor.trades() == [(15, D("800.00"))]


def test_modify_quantity_up_when_resting_then_goes_to_the_back() -> None:
    floor, sent = resting(50)
    floor.see(book(BIDS, ASKS, ltp="800.00", volume=1090))  # 10 are left ahead
    floor.modify(sent, quantity=60)
    floor.see(book(BIDS, ASKS, ltp="800.00", volume=1150))
    assert floor.trades() == []


def test_modify_below_what_is_filled_when_partly_filled_then_refused_and_unchanged() -> None:
    floor = Floor(SBIN)
    floor.see(book(BIDS, ASKS))
    sent = order(SBIN, "BUY", 150, "LIMIT", "800.10")
    floor.send(sent)
    reply = floor.modify(sent, quantity=90)[0]
    assert isinstance(reply, Reply) and not reply.ok and reply.code == "exchange.filled"
    floor.modify(sent, quantity=100)
    assert floor.last(sent).state == "FILLED"
    assert not floor.engine.at_work(sent.id)


def test_modify_to_market_when_resting_then_walks_the_book() -> None:
    floor, sent = resting(50)
    floor.modify(sent, type="MARKET")
    assert floor.trades() == [(50, D("800.10"))]


def test_cancel_when_resting_then_gone_and_a_second_cancel_is_refused() -> None:
    floor, sent = resting(50)
    first, second = floor.cancel(sent), floor.cancel(sent)
    assert isinstance(first[1], Changed) and first[1].state == "CANCELLED"
    assert isinstance(second[0], Reply) and second[0].code == "exchange.gone"
    floor.see(book([(799, 10)], [(799.5, 500)], ltp="799.00", volume=5000))
    assert floor.trades() == []


def test_send_limit_when_price_is_stale_then_waits_and_fills_on_the_next_fresh_price() -> None:
    floor = Floor(SBIN)
    floor.see(book(BIDS, ASKS, fresh=False))
    sent = order(SBIN, "BUY", 50, "LIMIT", "800.10")
    floor.send(sent)
    assert floor.trades() == []
    floor.see(book(BIDS, ASKS))
    assert floor.trades() == [(50, D("800.10"))]


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_rest_without_book_when_price_only_touches_then_no_fill_until_it_trades_through(side: Side) -> None:
    floor = Floor(SBIN, partial_chance=0.0)
    floor.see(book(ltp="800.00", volume=0, bids=(), asks=()))
    step = D("-1") if side == "BUY" else D("1")
    limit = D("800.00") + step
    sent = order(SBIN, side, 50, "LIMIT", str(limit), product="MIS")
    floor.send(sent)
    floor.see(book(ltp=str(limit), volume=0))
    assert floor.trades() == []
    floor.see(book(ltp=str(limit + step), volume=0))
    assert floor.trades() == [(50, limit)]
