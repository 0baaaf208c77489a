"""Journal entries in words."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from server.audit.sentences import rupees, sentence, spoken
from server.domain.accounts import Account
from server.domain.books import Mark, Position
from server.domain.journal import (
    AccountOpened,
    BasketChanged,
    FundsMoved,
    MarketMoved,
    Noted,
    OrderChanged,
    Payload,
    PositionMarked,
    RiskChanged,
    SettingChanged,
    StrategyChanged,
    TriggerChanged,
)
from tests.unit.storage.samples import ACCOUNT, NIFTY_CALL, NOW, entry, filled, make_order, opening, transfer


def test_fill_when_on_paper_then_the_sentence_of_the_brief() -> None:
    bought = filled(1, price="182.30")
    assert sentence(bought) == "Bought 65 NIFTY 24500 CE 1 Dec at 182.30 on paper"
    payload = bought.payload
    sold = msgspec.structs.replace(
        payload,
        fill=msgspec.structs.replace(payload.fill, side="SELL", liquidity="settlement"),  # type: ignore[union-attr]
        order=make_order(1, mode="LIVE", broker="zerodha"),
    )
    assert sentence(entry(sold)) == (
        "Sold 65 NIFTY 24500 CE 1 Dec at 182.30 at zerodha, with real money, in settlement"
    )


LIMIT = make_order(1)
STOP = make_order(1, side="SELL", type="SL-M", price=None, trigger=Decimal("180.00"), reason="Too few funds.")


@pytest.mark.parametrize(
    ("event", "order", "text"),
    [
        ("intended", LIMIT, "Asked to buy 65 NIFTY 24500 CE 1 Dec at 182.30 on paper"),
        (
            "denied",
            STOP,
            "Refused to sell 65 NIFTY 24500 CE 1 Dec at market when it trades at 180.00 on paper: Too few funds",
        ),
        ("accepted", LIMIT, "The exchange took the order to buy 65 NIFTY 24500 CE 1 Dec at 182.30 on paper"),
        (
            "resolved",
            LIMIT,
            "Found out about the order to buy 65 NIFTY 24500 CE 1 Dec at 182.30: it is submitting on paper",
        ),
        ("odd", LIMIT, "Order odd: buy 65 NIFTY 24500 CE 1 Dec at 182.30 on paper"),
    ],
)
def test_order_when_it_takes_a_step_then_the_step_is_said(event: str, order: object, text: str) -> None:
    assert sentence(entry(OrderChanged(event=event, order=order))) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (opening().payload, "Opened the paper account Paper with ₹5,00,000.00"),
        (
            AccountOpened(account=Account(id="z", title="", broker="zerodha", market="live", mode="LIVE")),
            "Opened the live account z with ₹0.00",
        ),
        (
            FundsMoved(
                account=ACCOUNT, reason="rent", postings=transfer("t", "cash", "capital", 1_234_50, kind="withdrawal")
            ),
            "Took out ₹1,234.50 in paper-sim: rent",
        ),
        (
            FundsMoved(account=ACCOUNT, reason="", postings=transfer("t", "capital", "cash", 100, kind="deposit")),
            "Paid in ₹1.00 in paper-sim",
        ),
        (
            FundsMoved(account=ACCOUNT, reason="", postings=transfer("t", "cash", "margin", 100, kind="hold")),
            "Held ₹1.00 of margin in paper-sim",
        ),
        (FundsMoved(account=ACCOUNT, reason="", postings=()), "Booked a correction of ₹0.00 in paper-sim"),
        (
            TriggerChanged(event="fired", id="T1", account=ACCOUNT, state="done", body={"key": NIFTY_CALL}),
            "Trigger fired on NIFTY 24500 CE 1 Dec in paper-sim",
        ),
        (
            BasketChanged(event="placed", id="B1", account=ACCOUNT, state="working", body={"name": "Iron condor"}),
            "Basket Iron condor placed in paper-sim",
        ),
        (
            StrategyChanged(event="closed", id="S1", account=ACCOUNT, state="CLOSED", body={"name": "Iron condor"}),
            "Strategy Iron condor closed in paper-sim",
        ),
        (
            RiskChanged(account="*", name="kill_switch", body={"engaged": True}, reason="enough."),
            "Pulled the kill switch for all accounts: enough",
        ),
        (
            RiskChanged(account="*", name="kill_switch", body={"engaged": False}),
            "Released the kill switch for all accounts",
        ),
        (RiskChanged(account=ACCOUNT, name="state", body={"state": "HALTED"}), "Trading in paper-sim is now halted"),
        (RiskChanged(account=ACCOUNT, name="limits", body={}), "Changed the risk limits of paper-sim"),
        (RiskChanged(account=ACCOUNT, name="day_start", body={}), "A new trading day began for paper-sim"),
        (RiskChanged(account=ACCOUNT, name="shield", body={}), "Changed shield of paper-sim"),
        (SettingChanged(name="watchlists", value=[]), "Changed the watchlists"),
        (SettingChanged(name="layout.1", value=[]), "Changed the setting layout.1"),
        (MarketMoved(market="sim", at_market=NOW, day=NOW.date()), "The sim market came to 20 Nov 2026"),
        (Noted(what="input.refused", detail={"reason": "No such symbol."}), "Input refused: No such symbol"),
        (Noted(what="start"), "Start"),
    ],
)
def test_sentence_when_any_entry_then_plain_words(payload: Payload, text: str) -> None:
    assert sentence(entry(payload)) == text


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("NSE:RELIANCE", "RELIANCE"),
        ("NFO:BANKNIFTY24NOV26FUT", "BANKNIFTY FUT 24 Nov"),
        ("NFO:ITC29JAN27292.5PE", "ITC 292.5 PE 29 Jan 2027"),
        ("nonsense", "nonsense"),
    ],
)
def test_spoken_when_any_key_then_as_people_say_it(key: str, text: str) -> None:
    assert spoken(key, date(2026, 11, 20)) == text


@pytest.mark.parametrize(
    ("minor", "text"),
    [
        (0, "₹0.00"),
        (-5, "−₹0.05"),
        (999_99, "₹999.99"),
        (1_000_00, "₹1,000.00"),
        (1_00_000_00, "₹1,00,000.00"),
        (-12_34_56_789_01, "−₹12,34,56,789.01"),
    ],
)
def test_rupees_when_any_amount_then_indian_grouping(minor: int, text: str) -> None:
    assert rupees(minor) == text


def refused(what: str, detail: str, **more: Any) -> Noted:
    """The audit line of a refusal."""
    return Noted(what=what, detail={"problem": {"status": 400, "detail": detail}, **more})


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (
            refused(
                "order.refused",
                "Not sent: quantity 66 is not a multiple of the lot 65.",
                request={"side": "BUY", "quantity": 66, "key": NIFTY_CALL, "price": None},
            ),
            "Refused to buy 66 NIFTY 24500 CE 1 Dec at market: quantity 66 is not a multiple of the lot 65",
        ),
        (
            refused(
                "order.refused",
                "Not sent: price 1.03 is not on the tick 0.10.",
                request={"side": "SELL", "quantity": 1, "key": "NSE:ITC", "price": "1.03"},
            ),
            "Refused to sell 1 ITC at 1.03: price 1.03 is not on the tick 0.10",
        ),
        (refused("order.refused", "Not sent: no.", request={"side": ["BUY"]}), "Refused an order: no"),
        (refused("order.refused", "Not sent: no.", request="?"), "Refused an order: no"),
        (refused("order.change_refused", "Not changed: too late.", request={}), "Refused to change an order: too late"),
        (
            refused("request.refused", "quantity: a whole number is wanted.", path="/api/v1/orders"),
            "Refused an order that could not be read: quantity: a whole number is wanted",
        ),
        (refused("request.refused", "No.", path="/api/v1/x"), "Refused a request that could not be read: No"),
    ],
)
def test_sentence_when_something_was_refused_then_says_what_and_why(payload: Payload, text: str) -> None:
    assert sentence(entry(payload)) == text


def test_mark_when_a_day_is_settled_then_profit_or_loss_and_the_price() -> None:
    mark = Mark(
        account=ACCOUNT,
        key="NFO:NIFTY29DEC26FUT",
        product="NRML",
        day=NOW.date(),
        price=Decimal("24600.00"),
        at_market=NOW,
    )
    held = Position(account=ACCOUNT, key=mark.key, product="NRML", quantity=65)
    for source, target, word in (("profit", "cash", "profit"), ("cash", "profit", "loss")):
        paid = transfer("m", source, target, 650_000, kind="mark")  # type: ignore[arg-type]
        margin = transfer("h", "margin", "cash", 49_730, kind="release")
        moved = PositionMarked(mark=mark, position=held, postings=(*paid, *margin))
        assert sentence(entry(moved)) == (
            f"Settled the day's {word} of ₹6,500.00 on NIFTY FUT 29 Dec in {ACCOUNT} at 24600.00"
        )
