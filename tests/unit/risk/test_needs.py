"""Margin by group: an order that may never fill lends its hedge to nobody."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from server.core.clock import ManualClock
from server.domain.books import Position
from server.risk.margin import Margin, MarginLeg
from server.risk.needs import Needs, Ordered
from tests.instruments import option
from tests.orders_kit import CALL, FUTURE, INFY, NIFTY, RELIANCE, StageMarket
from tests.trading import ist


def net_lots(legs: Sequence[MarginLeg], day: date) -> Margin:
    """Rs 1 for each net lot of all legs together: every leg hedges every other."""
    total = int(abs(sum(leg.quantity // leg.instrument.lot for leg in legs))) * 100
    premium = 70 * sum(leg.instrument.kind == "OPTION" and leg.quantity > 0 for leg in legs)
    return Margin(span_minor=total, premium_minor=premium, total_minor=total + premium)


def market() -> StageMarket:
    """Prices for all."""
    return StageMarket(ManualClock(ist("10:00")), ist("10:00"))


def held(instrument: Any, lots: int, product: Any = "NRML") -> Position:
    """A position."""
    return Position(account="a", key=instrument.key, product=product, quantity=lots * instrument.lot)


def live(instrument: Any, side: str, lots: int, price: str | None = None) -> Ordered:
    """A working order."""
    return (instrument.key, "NRML", side, lots * instrument.lot, Decimal(price) if price else None)


def test_required_when_nothing_is_there_then_nothing() -> None:
    assert Needs(net_lots).required(market(), [], [], "NIFTY") == 0
    assert Needs(net_lots).required(market(), [held(FUTURE, 0)], [], "NIFTY") == 0


def test_required_when_positions_hedge_then_they_count_together_and_by_group_only() -> None:
    needs = Needs(net_lots)
    positions = [held(FUTURE, -3), held(CALL, 2), held(RELIANCE, 50, "MIS")]
    assert needs.required(market(), positions, [], "NIFTY") == 100
    assert needs.required(market(), positions, [], "RELIANCE") == 5000
    assert needs.required(market(), positions, [], "INFY") == 0


def test_required_when_a_hedge_is_only_an_order_then_it_gives_no_benefit() -> None:
    needs = Needs(net_lots)
    orders = [live(FUTURE, "SELL", 2), live(CALL, "BUY", 2)]
    assert needs.required(market(), [], orders, "NIFTY") == 200
    assert needs.required(market(), [held(CALL, 2)], orders[:1], "NIFTY") == 0, "a held hedge does"


def test_required_when_an_order_closes_then_the_position_still_counts_until_it_fills() -> None:
    needs = Needs(net_lots)
    assert needs.required(market(), [held(FUTURE, 2)], [live(FUTURE, "SELL", 2)], "NIFTY") == 200
    assert needs.required(market(), [held(FUTURE, 2)], [live(FUTURE, "SELL", 6)], "NIFTY") == 400


def test_required_when_several_orders_are_in_one_instrument_then_they_count_together() -> None:
    orders = [live(FUTURE, "SELL", 1), live(FUTURE, "SELL", 2), live(FUTURE, "BUY", 1)]
    assert Needs(net_lots).required(market(), [], orders, "NIFTY") == 300


def test_required_when_all_is_paid_for_then_no_price_is_needed() -> None:
    empty = market()
    empty.prices.clear()
    needs = Needs(net_lots)
    assert needs.required(empty, [held(CALL, 5), held(INFY, 9, "CNC")], [live(CALL, "BUY", 1)], "NIFTY") == 0


def test_required_when_a_price_is_missing_then_unknown() -> None:
    blind = market()
    del blind.prices[NIFTY.key]
    needs = Needs(net_lots)
    assert needs.required(blind, [held(CALL, -1)], [], "NIFTY") is None
    assert needs.required(blind, [held(FUTURE, -1)], [], "NIFTY") == 100, "a future stands for its underlying"
    del blind.prices[FUTURE.key]
    assert needs.required(blind, [held(FUTURE, -1)], [], "NIFTY") is None
    assert needs.required(blind, [], [live(FUTURE, "SELL", 1)], "NIFTY") is None
    assert needs.required(blind, [], [live(FUTURE, "SELL", 1, "24500.00")], "NIFTY") == 100, "the order names a price"


def test_required_when_asked_again_at_the_same_prices_then_worked_out_once() -> None:
    asked = []

    def counting(legs: Sequence[MarginLeg], day: date) -> Margin:
        asked.append(day)
        return net_lots(legs, day)

    needs, there = Needs(counting), market()
    for price in ("24550.00", "24550.00", "24551.00"):
        there.tick(FUTURE.key, price)
        needs.required(there, [held(FUTURE, 1)], [], "NIFTY")
    assert len(asked) == 2


def test_groups_when_set_then_totals() -> None:
    needs = Needs(net_lots)
    assert needs.groups("a") is None
    assert needs.set_all("a", {"NIFTY": 100, "INFY": 50}) == 150
    assert needs.set_one("a", "NIFTY", 0) == 50
    assert needs.groups("a") == {"INFY": 50}
    needs.forget()
    assert needs.groups("a") is None


def test_required_when_a_share_option_is_held_into_expiry_week_then_the_rule_is_asked_though_it_is_paid() -> None:
    asked: list[int] = []

    def rule(legs: Sequence[MarginLeg], day: date) -> Margin:
        asked.append(len(legs))
        return Margin(premium_minor=500, delivery_minor=300, total_minor=800)

    stage = market()
    end = date(2026, 11, 23)
    call = msgspec.structs.replace(option("RELIANCE", end, 2400, "CE"), underlying=RELIANCE.key)
    far = msgspec.structs.replace(option("RELIANCE", date(2026, 12, 29), 2400, "CE"), underlying=RELIANCE.key)
    for one in (call, far):
        stage.listed[one.key] = one
        stage.prices[one.key] = Decimal(120)
    assert Needs(rule).required(stage, [held(call, 1)], [], "RELIANCE") == 300
    assert Needs(rule).required(stage, [held(far, 1)], [], "RELIANCE") == 0
    assert asked == [1], "far from expiry nothing is worked out"
