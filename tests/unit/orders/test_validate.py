"""Input that can never be an order: one clear error naming field, limit and remedy; nothing but an audit line kept."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from server.core.errors import Denied, Invalid, NotFound, SaudaError
from server.domain.instruments import Instrument
from server.orders.validate import validate
from tests.orders_kit import CALL, FUTURE, NIFTY, RELIANCE, Stage, request
from tests.trading import DAY, ist
from tests.unit.risk.proposals import COIN as CHECKED

COIN = msgspec.structs.replace(CHECKED, least=100)
LIMIT = {"type": "LIMIT", "price": "2500.00"}
SL = {"type": "SL", "price": "2510.00", "trigger": "2505.00"}

BAD: list[tuple[Instrument, dict[str, Any], tuple[str, str, str, str]]] = [
    (RELIANCE, {"key": "NSE:NOPE"}, ("order.instrument", "key", "", "Pick it from the search")),
    (NIFTY, {"quantity": 1}, ("order.not_tradable", "key", "", "Trade a future or an option on NIFTY.")),
    (RELIANCE, {"quantity": 0}, ("order.quantity", "quantity", "1", "Use 1 or more.")),
    (RELIANCE, {"quantity": -5}, ("order.quantity", "quantity", "1", "Use 1 or more.")),
    (RELIANCE, {"quantity": 10**30}, ("order.quantity", "quantity", "1000000000", "Use 1000000000 or less.")),
    (CALL, {"quantity": 100}, ("order.lot", "quantity", "65", "Use 65 or 130.")),
    (CALL, {"quantity": 10}, ("order.lot", "quantity", "65", "Use 65.")),
    (RELIANCE, {"unit": Decimal("0.1")}, ("order.unit", "unit", "1", "Read the instrument again")),
    (COIN, {"quantity": 0}, ("order.quantity", "quantity", "0.00001", "Use 0.001 or more.")),
    (COIN, {"quantity": 99}, ("order.least", "quantity", "0.001", "Use 0.001 or more.")),
    (COIN, {"quantity": 10**15}, ("order.quantity", "quantity", "1000000000", "Use 1000000000 or less.")),
    (COIN, {"unit": Decimal("0.0001")}, ("order.unit", "unit", "0.00001", "Read the instrument again")),
    (RELIANCE, {"product": "NRML"}, ("order.product", "product", "MIS, CNC", "Use MIS (for the day) or CNC")),
    (FUTURE, {"product": "CNC"}, ("order.product", "product", "MIS, NRML", "Use MIS")),
    (RELIANCE, {"type": "LIMIT"}, ("order.price_missing", "price", "", "Give a price.")),
    (RELIANCE, {"price": "2500.00"}, ("order.price_forbidden", "price", "", "Leave the price empty")),
    (RELIANCE, {"type": "SL-M"}, ("order.trigger_missing", "trigger", "", "Give a trigger.")),
    (RELIANCE, LIMIT | {"trigger": "2500.00"}, ("order.trigger_forbidden", "trigger", "", "Leave the trigger empty")),
    (RELIANCE, LIMIT | {"price": "2500.03"}, ("order.tick", "price", "0.05", "Use 2500.00 or 2500.05.")),
    (RELIANCE, LIMIT | {"price": "0.01"}, ("order.tick", "price", "0.05", "Use 0.05.")),
    (RELIANCE, LIMIT | {"price": "-1"}, ("order.price", "price", "0 to 100000000", "Give a price in rupees.")),
    (RELIANCE, LIMIT | {"price": "NaN"}, ("order.price", "price", "0 to 100000000", "Give a price")),
    (RELIANCE, LIMIT | {"price": "Infinity"}, ("order.price", "price", "0 to 100000000", "Give a price")),
    (RELIANCE, LIMIT | {"price": "1E+400"}, ("order.price", "price", "0 to 100000000", "Give a price")),
    (RELIANCE, LIMIT | {"price": "1E-400"}, ("order.tick", "price", "0.05", "Use 0.05.")),
    (RELIANCE, SL | {"trigger": "2505.01"}, ("order.tick", "trigger", "0.05", "Use 2505.00 or 2505.05.")),
    (RELIANCE, SL | {"price": "2500.00"}, ("order.stop_price", "price", "2505.00", "Use a price at or above")),
    (
        RELIANCE,
        SL | {"side": "SELL", "price": "2510.00"},
        ("order.stop_price", "price", "2505.00", "Use a price at or below"),
    ),
    (RELIANCE, SL | {"validity": "IOC"}, ("order.validity", "validity", "DAY", "Use DAY.")),
    (RELIANCE, {"quantity": 100, "disclosed": 9}, ("order.disclosed", "disclosed", "10 to 99", "Use 0 (show all)")),
    (RELIANCE, {"quantity": 100, "disclosed": -1}, ("order.disclosed", "disclosed", "10 to 99", "Use 0")),
    (RELIANCE, {"quantity": 100, "disclosed": 100}, ("order.disclosed", "disclosed", "10 to 99", "Use 0")),
    (RELIANCE, {"protection": Decimal(0)}, ("order.protection", "protection", "0 to 100", "Leave it empty")),
    (RELIANCE, {"protection": Decimal("NaN")}, ("order.protection", "protection", "0 to 100", "Leave it empty")),
    (RELIANCE, {"tag": "x" * 65}, ("order.tag", "tag", "64", "Use at most 64")),
    (RELIANCE, {"request_id": "x" * 121}, ("order.request_id", "request_id", "120", "Use at most 120")),
]


@pytest.mark.parametrize(("instrument", "change", "expected"), BAD)
async def test_place_when_the_input_is_wrong_then_one_clear_error_and_only_an_audit_line(
    instrument: Instrument, change: dict[str, Any], expected: tuple[str, str, str, str]
) -> None:
    async with Stage() as stage:
        stage.market.listed[COIN.key] = COIN
        before = len(stage.journal.entries)
        with pytest.raises(Invalid) as wrong:
            await stage.finish(stage.service.place(request(instrument, **change), actor="owner"))
        error = wrong.value
        code, field, limit, remedy = expected
        assert (error.code, error.field, error.limit) == (code, field, limit)
        assert error.remedy.startswith(remedy)
        assert error.detail.startswith("Not sent: ")
        assert len(error.detail) < 200
        (note,) = stage.journal.noted("order.refused")
        assert note["problem"]["code"] == code
        assert len(stage.journal.entries) == before + 1
        assert not stage.journal.orders
        assert not stage.broker.received


async def test_place_when_the_contract_has_expired_then_refused() -> None:
    async with Stage(start=ist("10:00", DAY.replace(day=25))) as stage:
        with pytest.raises(Invalid) as wrong:
            await stage.finish(stage.service.place(request(FUTURE, product="NRML"), actor="owner"))
        assert (wrong.value.code, wrong.value.limit, wrong.value.value) == ("order.expired", "2026-11-23", "2026-11-25")


@pytest.mark.parametrize(
    ("change", "moment", "error", "code"),
    [
        ({"quantity": 1820, "product": "NRML"}, "10:00", Denied, "order.freeze"),
        ({"type": "SL-M", "trigger": "160.00", "product": "NRML"}, "10:00", Denied, "order.type"),
        ({"type": "LIMIT", "price": "900.00", "product": "NRML"}, "10:00", Denied, "order.price_band"),
        ({"product": "NRML"}, "18:00", Denied, "order.closed"),
        ({"product": "NRML", "after_market": True}, "10:00", Denied, "order.after_market"),
        ({"account": "nobody"}, "10:00", NotFound, "account.unknown"),
    ],
)
async def test_place_when_the_exchange_would_not_take_it_then_refused_with_the_rulebooks_reason(
    change: dict[str, Any], moment: str, error: type[SaudaError], code: str
) -> None:
    async with Stage(start=ist(moment)) as stage:
        with pytest.raises(error) as refused:
            await stage.finish(stage.service.place(request(CALL, **change), actor="owner"))
        assert refused.value.code == code
        assert not stage.broker.received


async def test_place_when_the_market_is_closed_then_an_after_market_order_goes_to_the_broker() -> None:
    async with Stage(start=ist("18:00")) as stage:
        placed = await stage.finish(stage.service.place(request(after_market=True), actor="owner"))
        assert placed.order.state == "OPEN"


@pytest.mark.parametrize("text", ["2.5E+3", "2500", "2500." + "0" * 400])
def test_validate_when_a_price_is_written_oddly_then_it_is_kept_as_the_tick_is_written(text: str) -> None:
    done = validate(request(type="LIMIT", price=Decimal(text)), RELIANCE, DAY)
    assert done.price is not None
    assert str(done.price) == str(Decimal(2500).quantize(RELIANCE.tick))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        # below what Decimal's arithmetic tells apart from zero, so its remainder by any tick is zero
        ({"type": "LIMIT", "price": Decimal("1E-999999999")}, "price"),
        ({"protection": Decimal("1E-999999999")}, "protection"),
        ({"protection": Decimal("1." + "0" * 50)}, "protection"),
        ({"tag": "a\nb"}, "tag"),
        ({"request_id": "\u202ex"}, "request_id"),
    ],
)
def test_validate_when_a_value_cannot_be_kept_or_shown_then_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        validate(request(**change), RELIANCE, DAY)
    assert wrong.value.field == field
    assert wrong.value.remedy


def test_validate_when_an_absurd_number_of_digits_comes_then_the_answer_is_short() -> None:
    with pytest.raises(Invalid) as wrong:
        validate(request(type="LIMIT", price=Decimal("1." + "1" * 10_000)), RELIANCE, DAY)
    assert len(msgspec.json.encode(wrong.value.problem())) < 500
