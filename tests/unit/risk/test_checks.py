"""Each pre-trade check allows and denies; a refusal names limit, value, headroom and remedy."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

import server.risk.checks as package
from server.core.errors import Denied
from server.domain.instruments import Instrument
from server.risk.checks import (
    CHECKS,
    away,
    band,
    blocked,
    concentration,
    correlation,
    delivery,
    first_problem,
    free_funds,
    freeze,
    least,
    leverage,
    liquidity,
    lock,
    loss,
    open_orders,
    position,
    problems,
    rate,
    session,
    size,
    squareoff,
    stale,
    state,
    twin,
    types,
    value,
)
from server.risk.state import KillSwitch
from tests.trading import ist, order, quote
from tests.unit.risk.proposals import CALL, COIN, RELIANCE, phase, propose

BAND = (Decimal(2250), Decimal(2750))
MARKET = {"type": "MARKET", "price": None}
WIDE = msgspec.structs.replace(quote(RELIANCE.key, "15"), bid=Decimal(10), ask=Decimal(20))
THIN = msgspec.structs.replace(quote(RELIANCE.key, "2500"), volume=50)

ALLOWED: list[tuple[Any, Instrument, dict[str, Any]]] = [
    (state, RELIANCE, {}),
    (state, RELIANCE, {"state": "REDUCING", "side": "SELL", "held": 10}),
    (state, RELIANCE, {"kill": KillSwitch(engaged=True), "origin": "kill", "side": "SELL", "held": 10}),
    (lock, RELIANCE, {"lock": "Kite has not passed its check yet.", "origin": "check"}),
    (twin, RELIANCE, {}),
    (blocked, RELIANCE, {"limits": {"blocked": ("NSE:INFY",)}}),
    (blocked, RELIANCE, {"limits": {"blocked": ("RELIANCE",)}, "side": "SELL", "held": 10}),
    (types, CALL, {"order_types": frozenset({"LIMIT", "SL"})}),
    (session, RELIANCE, {"validity": "IOC"}),
    (session, RELIANCE, {"phase": None, "after_market": True}),
    (squareoff, RELIANCE, {"square_off": ist("15:20")}),
    (squareoff, RELIANCE, {"square_off": ist("09:20"), "product": "CNC"}),
    (squareoff, RELIANCE, {"square_off": ist("09:20"), "phase": None, "after_market": True}),
    (freeze, CALL, {"quantity": 1755}),
    (freeze, RELIANCE, {"quantity": 10_000_000}),
    (least, RELIANCE, {"quantity": 1}),
    (least, COIN, {"quantity": 9, "price": Decimal(60_000)}),
    (least, COIN, {"quantity": 1, "price": None}),
    (size, RELIANCE, {"quantity": 100_000}),
    (size, COIN, {"quantity": 150_000, "limits": {"order_quantity": 2}}),
    (stale, RELIANCE, {"fresh": False}),
    (stale, RELIANCE, MARKET | {"fresh": False, "phase": None}),
    (band, RELIANCE, {"band": BAND, "price": Decimal(2750)}),
    (away, RELIANCE, {"price": Decimal(3000)}),
    (away, RELIANCE, {"price": Decimal(1)}),
    (away, CALL, {"price": Decimal(9000)}),
    (value, RELIANCE, {"quantity": 2000}),
    (value, RELIANCE, {"quantity": 4000, "side": "SELL", "held": 4000}),
    (position, RELIANCE, {"limits": {"position_quantity": 30}, "held": 15, "opening": 5}),
    (delivery, RELIANCE, {"product": "CNC", "side": "SELL", "held": 12, "opening": 2}),
    (delivery, RELIANCE, {"product": "MIS", "side": "SELL"}),
    (concentration, RELIANCE, {"product": "CNC", "limits": {"concentration": 5.0}}),
    (leverage, RELIANCE, {"limits": {"leverage": 2.0}, "exposure_after": 100_000_000}),
    (leverage, RELIANCE, {"limits": {"leverage": 2.0}, "exposure_before": 200_000_000, "exposure_after": 150_000_000}),
    (leverage, RELIANCE, {"limits": {"leverage": None}, "exposure_after": 10**15}),
    (correlation, RELIANCE, {"limits": {"correlated": 2.0}, "alike_after": 100_000_000}),
    (correlation, RELIANCE, {"alike_after": 10**15}),
    (liquidity, RELIANCE, {"quote": WIDE}),
    (liquidity, RELIANCE, MARKET | {"quote": WIDE, "side": "SELL", "held": 10}),
    (liquidity, RELIANCE, {"limits": {"volume_share": 10.0}, "quote": THIN, "quantity": 5}),
    (loss, RELIANCE, {"day_result_minor": -4_999_999}),
    (loss, RELIANCE, {"day_result_minor": None}),
    (loss, RELIANCE, {"day_result_minor": -9_000_000, "side": "SELL", "held": 10}),
    (open_orders, RELIANCE, {"open_orders": 99}),
    (open_orders, RELIANCE, {"open_orders": 100, "working": False}),
    (free_funds, RELIANCE, {"need_minor": 50_000_000}),
    (free_funds, RELIANCE, {"need_minor": 1, "free_minor": -5, "side": "SELL", "held": 10}),
    (rate, RELIANCE, {"tokens": 1.0}),
]

# check, instrument, change, code, limit, value, headroom
DENIED: list[tuple[Any, Instrument, dict[str, Any], tuple[str, str, str, str]]] = [
    (state, RELIANCE, {"kill": KillSwitch(engaged=True)}, ("risk.kill_switch", "engaged", "", "")),
    (state, RELIANCE, {"kill": KillSwitch(engaged=True), "origin": "kill"}, ("risk.kill_switch", "engaged", "", "")),
    (state, RELIANCE, {"state": "HALTED"}, ("risk.halted", "HALTED", "", "")),
    (state, RELIANCE, {"state": "REDUCING"}, ("risk.reducing", "REDUCING", "10", "0")),
    (
        state,
        RELIANCE,
        {"state": "REDUCING", "side": "SELL", "held": 15, "opening": 9},
        ("risk.reducing", "REDUCING", "10", "6"),
    ),
    (lock, RELIANCE, {"lock": "Kite has not passed its check yet."}, ("risk.locked", "locked", "", "")),
    (twin, RELIANCE, {"twin": order(RELIANCE, id="TWIN")}, ("order.unknown_twin", "TWIN", "", "")),
    (blocked, CALL, {"limits": {"blocked": ("NIFTY",)}}, ("risk.blocked", "NIFTY", CALL.key, "")),
    (types, CALL, {"type": "SL-M", "order_types": frozenset({"SL"})}, ("order.type", "SL", "SL-M", "")),
    (session, RELIANCE, {"phase": None}, ("order.closed", "closed", "", "")),
    (session, RELIANCE, {"phase": None, "after_market": True, "validity": "IOC"}, ("order.closed", "closed", "", "")),
    (session, RELIANCE, {"after_market": True}, ("order.after_market", "continuous", "", "")),
    (session, CALL, {"ended": True}, ("order.expired", "", "2026-12-01", "")),
    (
        session,
        RELIANCE,
        {"type": "SL", "phase": phase("closing_auction", order_types=frozenset({"LIMIT", "MARKET"}))},
        ("order.phase", "LIMIT, MARKET", "SL", ""),
    ),
    (session, RELIANCE, {"phase": phase("preopen", order_types=frozenset())}, ("order.phase", "none", "LIMIT", "")),
    (
        session,
        RELIANCE,
        {"validity": "IOC", "phase": phase("preopen", validities=frozenset({"DAY"}))},
        ("order.phase", "DAY", "IOC", ""),
    ),
    (session, RELIANCE, {"disclosed": 2, "phase": phase("preopen", disclosed=False)}, ("order.phase", "0", "2", "")),
    (freeze, CALL, {"quantity": 1820}, ("order.freeze", "1800", "1820", "1755")),
    (least, COIN, {"quantity": 8, "price": Decimal(60_000)}, ("order.least_value", "5", "4.80000", "0.00009")),
    (size, COIN, {"quantity": 200_001, "limits": {"order_quantity": 2}}, ("risk.order_quantity", "2", "2.00001", "2")),
    (
        value,
        COIN,
        {"quantity": 200_000, "price": Decimal(60_000), "limits": {"order_value": 90_000}, "currency": "USDT"},
        ("risk.order_value", "90000.00", "120000.00", "1.5"),
    ),
    (size, RELIANCE, {"quantity": 100_001}, ("risk.order_quantity", "100000", "100001", "100000")),
    (stale, RELIANCE, MARKET | {"fresh": False, "limits": {"price_age": 5.0}}, ("risk.stale_price", "5.0", "0.0", "")),
    (stale, RELIANCE, MARKET | {"quote": None}, ("risk.no_price", "", "", "")),
    (
        band,
        RELIANCE,
        {"band": BAND, "price": Decimal(2751)},
        ("order.price_band", "2250 to 2750", "2751", "1"),
    ),
    (
        band,
        RELIANCE,
        {"band": BAND, "price": Decimal(2300), "trigger": Decimal(2200)},
        ("order.price_band", "2250 to 2750", "2200", "50"),
    ),
    (away, RELIANCE, {"price": Decimal(3001)}, ("risk.price_away", "20.0 %", "20.0 %", "3000.00")),
    (
        away,
        RELIANCE,
        {"price": Decimal(1900), "side": "SELL"},
        ("risk.price_away", "20.0 %", "24.0 %", "2000.00"),
    ),
    (value, RELIANCE, {"quantity": 2001}, ("risk.order_value", "5000000.00", "5002500.00", "2000")),
    (
        position,
        RELIANCE,
        {"limits": {"position_quantity": 30}, "held": 15, "opening": 10},
        ("risk.position_quantity", "30", "35", "5"),
    ),
    (
        delivery,
        RELIANCE,
        {"product": "CNC", "side": "SELL", "held": 12, "opening": 3},
        ("risk.delivery", "12", "10", "9"),
    ),
    (
        concentration,
        RELIANCE,
        {"product": "CNC", "limits": {"concentration": 4.9}},
        ("risk.concentration", "4.9 %", "5.0 %", "9"),
    ),
    (squareoff, RELIANCE, {"square_off": ist("09:20")}, ("order.square_off", "09:20", "10:00", "0")),
    (
        leverage,
        RELIANCE,
        {"limits": {"leverage": 2.0}, "exposure_before": 97_500_000, "exposure_after": 100_000_001},
        ("risk.leverage", "2 times", "2.0 times", "25000.00"),
    ),
    (
        correlation,
        RELIANCE,
        {"limits": {"correlated": 1.5}, "alike_before": 75_000_000, "alike_after": 77_500_000},
        ("risk.correlated", "1.5 times", "1.6 times", "0.00"),
    ),
    (liquidity, RELIANCE, MARKET | {"quote": WIDE}, ("risk.spread", "50.0 %", "66.7 %", "0")),
    (
        liquidity,
        RELIANCE,
        {"limits": {"volume_share": 10.0}, "quote": THIN},
        ("risk.volume_share", "10 % of the day's volume", "10", "5"),
    ),
    (loss, RELIANCE, {"day_result_minor": -5_000_000}, ("risk.day_loss", "50000.00", "50000.00", "0.00")),
    (open_orders, RELIANCE, {"open_orders": 100}, ("risk.open_orders", "100", "100", "0")),
    (free_funds, RELIANCE, {"need_minor": 50_000_001}, ("risk.funds", "500000.00", "500000.01", "-0.01")),
    (free_funds, RELIANCE, {"need_minor": None}, ("risk.no_price", "", "", "")),
    (rate, RELIANCE, {"tokens": 0.4}, ("risk.order_rate", "10", "9.6", "0")),
]


@pytest.mark.parametrize(("module", "instrument", "change"), ALLOWED)
def test_check_when_within_the_limit_then_allows(module: Any, instrument: Instrument, change: dict[str, Any]) -> None:
    assert module.check(propose(instrument, **change)) is None


@pytest.mark.parametrize(("module", "instrument", "change", "expected"), DENIED)
def test_check_when_beyond_the_limit_then_denies_in_numbers(
    module: Any, instrument: Instrument, change: dict[str, Any], expected: tuple[str, str, str, str]
) -> None:
    problem = module.check(propose(instrument, **change))
    assert isinstance(problem, Denied)
    assert (problem.code, problem.limit, problem.value, problem.headroom) == expected
    assert problem.detail.startswith("Not sent: ")
    assert problem.detail.endswith((".", ")."))
    assert "!" not in problem.detail + problem.remedy
    assert problem.remedy


def test_refusal_when_the_books_are_in_dollars_then_no_rupees_in_its_words() -> None:
    change: dict[str, Any] = {"quantity": 8, "price": Decimal(60_000), "currency": "USDT"}
    problem = least.check(propose(COIN, **change))
    assert problem is not None
    assert problem.detail == (
        "Not sent: the order is worth 4.80 USDT, and the exchange takes none of BTCUSDT below 5.00 USDT."
    )
    assert problem.remedy == "Use a quantity of at least 0.00009."
    all_of_them = problems(propose(COIN, need_minor=900_000_000, day_result_minor=-90_000_000, **change))
    assert {p.code for p in all_of_them} >= {"risk.funds", "risk.day_loss", "order.least_value"}
    assert not any("Rs" in p.detail + p.remedy for p in all_of_them)


def test_checks_when_a_file_is_added_then_it_is_registered() -> None:
    files = {p.stem for p in Path(package.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == {check.__module__.rsplit(".", 1)[1] for check in CHECKS}
    assert files == {row[0].__name__.rsplit(".", 1)[1] for row in ALLOWED}
    assert files == {row[0].__name__.rsplit(".", 1)[1] for row in DENIED}


def test_first_problem_when_several_checks_refuse_then_the_gravest_is_told() -> None:
    proposal = propose(kill=KillSwitch(engaged=True), quantity=200_000, tokens=0.0)
    problem = first_problem(proposal)
    assert problem is not None
    assert problem.code == "risk.kill_switch"
    assert [p.code for p in problems(proposal)] == [
        "risk.kill_switch",
        "risk.order_quantity",
        "risk.order_value",
        "risk.order_rate",
    ]
    assert first_problem(propose()) is None


def test_reducing_when_other_orders_already_close_the_position_then_false() -> None:
    assert propose(side="SELL", held=10).reducing
    assert not propose(side="SELL", held=10, opening=1).reducing
    assert not propose(side="BUY", held=10).reducing
    assert propose(side="BUY", held=-10).reducing
    assert not propose(side="SELL", held=0).reducing
