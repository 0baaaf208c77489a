"""Everything that can go wrong between us and a broker, for every command and every read.

Law 2: no order is at the broker twice. Law 3: what is not proved stays unknown. What was taken is found by our id.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import pytest

from server.core.errors import Invalid, RateLimited, SaudaError, Unauthorised, Unavailable, Unknown
from server.domain.orders import Order
from server.orders.ports import Change, NotAccepted
from tests.brokers.base import FAULTS, TAKEN
from tests.contract.brokers.harness import FakeHarness
from tests.trading import order

D = Decimal
UNPROVEN = sorted(set(FAULTS) - {"429", "late"})


def resting(faked: FakeHarness) -> Order:
    """A limit order that will not fill."""
    return order(faked.instrument, "BUY", 50, "LIMIT", "799.00")


async def accepted(faked: FakeHarness) -> Order:
    """A working order as the books hold it."""
    sent = resting(faked)
    ack = await faked.execution.place(sent)
    await faked.settle()
    return msgspec.structs.replace(sent, broker_id=ack.broker_id, state="OPEN")


@pytest.mark.parametrize("kind", UNPROVEN)
async def test_place_when_the_answer_goes_wrong_then_unknown_and_sent_once(faked: FakeHarness, kind: Any) -> None:
    faked.fake.faults.add("place", kind)
    sent = resting(faked)
    with pytest.raises(Exception) as caught:
        await faked.execution.place(sent)
    assert not isinstance(caught.value, NotAccepted), "nothing proved that it was refused"
    await faked.settle()
    assert faked.fake.calls["place"] == 1
    at_broker = faked.fake.orders_of(sent.id)
    assert len(at_broker) == (1 if kind in TAKEN else 0)
    found = await faked.execution.find(sent.id)
    if kind in TAKEN:
        assert found is not None
        assert (found.client_id, found.state, found.broker_id) == (sent.id, "OPEN", at_broker[0].id)
    else:
        assert found is None


async def test_place_when_too_many_requests_then_refused_with_nothing_taken(faked: FakeHarness) -> None:
    faked.fake.faults.add("place", "429")
    with pytest.raises(NotAccepted):
        await faked.execution.place(resting(faked))
    assert faked.fake.exchange.submits == 0


async def test_place_when_the_answer_is_late_but_in_time_then_acknowledged(faked: FakeHarness) -> None:
    faked.fake.faults.add("place", "late", seconds=0.1)
    ack = await faked.execution.place(resting(faked))
    assert ack.broker_id in faked.fake.exchange.orders


async def test_place_when_nobody_listens_then_refused_since_nothing_was_sent(faked: FakeHarness) -> None:
    await faked.fake.stop()
    with pytest.raises(Unavailable):  # the connections that were kept open are gone after this
        await faked.execution.funds()
    with pytest.raises(NotAccepted):
        await faked.execution.place(resting(faked))


@pytest.mark.parametrize("kind", UNPROVEN)
async def test_modify_when_the_answer_goes_wrong_then_unknown_and_sent_once(faked: FakeHarness, kind: Any) -> None:
    sent = await accepted(faked)
    faked.fake.faults.add("modify", kind)
    with pytest.raises(Exception) as caught:
        await faked.execution.modify(sent, Change(price=D("798.00")))
    assert not isinstance(caught.value, NotAccepted)
    await faked.settle()
    assert faked.fake.calls["modify"] == 1
    found = await faked.execution.find(sent.id)
    assert found is not None
    assert found.price == (D("798.00") if kind in TAKEN else D("799.00"))


@pytest.mark.parametrize("kind", UNPROVEN)
async def test_cancel_when_the_answer_goes_wrong_then_unknown_and_the_book_tells(faked: FakeHarness, kind: Any) -> None:
    if kind == "empty" and "cancel" in faked.fake.silent:
        pytest.skip("an empty answer is what it gives when all is well")
    sent = await accepted(faked)
    faked.fake.faults.add("cancel", kind)
    with pytest.raises(Exception) as caught:
        await faked.execution.cancel(sent)
    assert not isinstance(caught.value, NotAccepted)
    await faked.settle()
    assert faked.fake.calls["cancel"] == 1
    found = await faked.execution.find(sent.id)
    assert found is not None
    assert found.state == ("CANCELLED" if kind in TAKEN else "OPEN")


def _reads(faked: FakeHarness) -> dict[str, Callable[[], Awaitable[Any]]]:
    side = faked.execution
    return {"orders": side.orders, "trades": side.trades, "positions": side.positions, "funds": side.funds}


@pytest.mark.parametrize("read", ["orders", "trades", "positions", "funds"])
@pytest.mark.parametrize("kind", sorted(set(FAULTS) - {"late", "html", "empty", "wrong_type", "garbage"}))
async def test_read_when_it_fails_once_then_repeated_and_right(faked: FakeHarness, read: str, kind: Any) -> None:
    await accepted(faked)
    faked.made.http.read_timeout = 0.25
    good = await _reads(faked)[read]()
    faked.fake.faults.add(faked.fake.serves.get(read, read), kind)
    assert await _reads(faked)[read]() == good


@pytest.mark.parametrize("read", ["orders", "trades", "positions", "funds"])
@pytest.mark.parametrize("kind", sorted(set(FAULTS) - {"late"}))
async def test_read_when_it_keeps_failing_then_one_clear_error_and_no_figures(
    faked: FakeHarness, read: str, kind: Any
) -> None:
    await accepted(faked)
    faked.made.http.read_timeout = 0.1
    route = faked.fake.serves.get(read, read)
    before = faked.fake.calls[route]
    faked.fake.faults.add(route, kind, times=99)
    with pytest.raises((Unavailable, RateLimited, Invalid)) as caught:
        await _reads(faked)[read]()
    assert caught.value.detail
    assert faked.fake.calls[route] - before <= 8, "a broker in trouble is not hammered"


async def test_reads_when_the_broker_keeps_failing_then_it_is_left_alone(faked: FakeHarness) -> None:
    faked.fake.faults.add("orders", "500_before", times=99)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await faked.execution.orders()
    assert faked.made.http.breaker.state == "open"
    before = faked.fake.calls["orders"]
    with pytest.raises(Unavailable):
        await faked.execution.orders()
    assert faked.fake.calls["orders"] == before
    with pytest.raises(NotAccepted):
        await faked.execution.place(resting(faked))
    assert faked.fake.exchange.submits == 0


async def test_cancel_when_the_broker_is_left_alone_then_still_sent(faked: FakeHarness) -> None:
    sent = await accepted(faked)
    faked.fake.faults.add("orders", "500_before", times=99)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await faked.execution.orders()
    await faked.execution.cancel(sent)
    assert faked.fake.exchange.orders[sent.broker_id].state == "CANCELLED"


async def test_calls_when_the_session_has_ended_then_told_to_sign_in(faked: FakeHarness) -> None:
    if not faked.fake.sessions:
        pytest.skip("it has no sessions of its own")
    sent = await accepted(faked)
    faked.fake.expire()
    with pytest.raises(Unauthorised) as caught:
        await faked.execution.orders()
    assert "ign in" in caught.value.remedy
    with pytest.raises((NotAccepted, Unknown)):
        await faked.execution.place(resting(faked))
    with pytest.raises((NotAccepted, Unknown)):
        await faked.execution.cancel(sent)
    assert faked.fake.exchange.submits == 1


@pytest.mark.parametrize("kind", ["500_before", "html", "hang_before", "reset_before", "429"])
async def test_errors_when_anything_fails_then_no_secret_in_them(
    faked: FakeHarness, kind: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    faked.made.http.read_timeout = faked.made.http.order_timeout = 0.1
    faked.fake.faults.add("*", kind, times=99)
    said = []
    calls: list[Callable[[], Awaitable[Any]]] = [*_reads(faked).values()]
    calls.append(partial(faked.execution.place, resting(faked)))
    for call in calls:
        with pytest.raises((SaudaError, NotAccepted)) as caught:
            await call()
        error = caught.value
        said.append(f"{error!r} {error} {error.__cause__!r} {error.__dict__}")
    grant = faked.made.grant
    assert grant is not None
    written = "\n".join([*said, caplog.text, repr(grant), repr(faked.made.used)])
    secrets = [v for k, v in faked.fake.credentials().items() if k in faked.made.secret_fields]
    for secret in filter(None, [*secrets, grant.access_token, grant.refresh_token, grant.feed_token]):
        assert secret not in written
