"""Order updates over a line that doubles, delays, garbles, drops and dies: no fill lost, none counted twice."""

from decimal import Decimal

import msgspec
import pytest

from server.core.errors import Unauthorised
from server.domain.orders import Fill, Order
from server.orders.ports import Change, NotAccepted, OrderReport, Update
from tests.brokers.joined import eventually
from tests.contract.brokers.harness import FakeHarness
from tests.trading import order

D = Decimal


async def partly(faked: FakeHarness) -> Order:
    """150 to buy where 100 are offered."""
    sent = order(faked.instrument, "BUY", 150, "LIMIT", "800.10")
    ack = await faked.execution.place(sent)
    return msgspec.structs.replace(sent, broker_id=ack.broker_id, state="OPEN")


def fills(pushed: list[Update]) -> list[Fill]:
    """Executions among what was pushed."""
    return [u for u in pushed if isinstance(u, Fill)]


@pytest.mark.parametrize("fault", ["twice", "late", "garbage"])
async def test_push_when_the_stream_is_bad_then_every_fill_once(
    faked: FakeHarness, pushed: list[Update], fault: str
) -> None:
    faked.fake.stream_fault = fault
    sent = await partly(faked)
    await faked.market("800.05", "800.10", 80)
    faked.fake.stream_fault = ""
    await faked.market("800.00", "800.15", 80)
    await eventually(lambda: sum(f.quantity for f in fills(pushed)) == 150)
    await faked.settle()
    got = fills(pushed)
    assert len({f.execution for f in got}) == len(got) == 2
    assert {f.order for f in got} == {sent.id}


async def test_push_when_the_answer_is_still_under_way_then_already_under_our_id(
    faked: FakeHarness, pushed: list[Update]
) -> None:
    faked.fake.faults.add("place", "late", seconds=0.15)
    sent = await partly(faked)
    await eventually(lambda: sum(f.quantity for f in fills(pushed)) == 100)
    assert {u.client_id for u in pushed if isinstance(u, OrderReport)} == {sent.id}
    assert {f.order for f in fills(pushed)} == {sent.id}


async def test_reconnect_when_the_line_was_cut_then_what_happened_meanwhile_is_pushed(
    faked: FakeHarness, pushed: list[Update]
) -> None:
    sent = await partly(faked)
    await eventually(lambda: sum(f.quantity for f in fills(pushed)) == 100)
    faked.fake.refuse_sockets = True
    faked.fake.cut()
    await eventually(lambda: not faked.fake.order_sockets)
    await faked.market("800.05", "800.10", 80)  # fills the rest while nobody hears it
    faked.fake.refuse_sockets = False
    await eventually(lambda: bool(faked.fake.order_sockets), 10.0)
    await eventually(lambda: sum(f.quantity for f in fills(pushed)) == 150)
    await eventually(lambda: any(isinstance(u, OrderReport) and u.state == "FILLED" for u in pushed))
    assert len({f.execution for f in fills(pushed)}) == len(fills(pushed)) == 2
    assert {f.order for f in fills(pushed)} == {sent.id}


async def test_cancel_elsewhere_when_open_then_reported_ended(faked: FakeHarness, pushed: list[Update]) -> None:
    sent = order(faked.instrument, "BUY", 50, "LIMIT", "799.00")
    ack = await faked.execution.place(sent)
    faked.fake.exchange.cancel(ack.broker_id)
    await faked.settle()
    # a reading begun before may come after it; the order path knows which is newer
    told = {(u.client_id, u.state) for u in pushed if isinstance(u, OrderReport)}
    assert (sent.id, "CANCELLED") in told


async def test_order_made_elsewhere_when_pushed_then_it_bears_no_id_of_ours(
    faked: FakeHarness, pushed: list[Update]
) -> None:
    made = faked.fake.exchange.submit(
        faked.instrument.key, "BUY", 50, "LIMIT", product=faked.fake.product, price=D("799.00")
    )
    await faked.settle()
    await eventually(lambda: any(isinstance(u, OrderReport) for u in pushed))
    reports = [u for u in pushed if isinstance(u, OrderReport)]
    assert [(r.broker_id, r.client_id, r.state) for r in reports][-1] == (made.id, "", "OPEN")
    assert [r.client_id for r in await faked.execution.orders()] == [""]


async def test_fills_when_asked_again_then_the_same(faked: FakeHarness, pushed: list[Update]) -> None:
    await partly(faked)
    await eventually(lambda: bool(fills(pushed)))
    assert await faked.execution.trades() == await faked.execution.trades() == fills(pushed)


async def test_line_when_the_session_has_ended_then_updates_end_with_sign_in(faked: FakeHarness) -> None:
    if not faked.fake.sessions:
        pytest.skip("it has no sessions of its own")
    stream = faked.execution.updates()
    faked.fake.expire()
    faked.fake.cut()
    with pytest.raises(Unauthorised):
        async for _ in stream:
            pass


async def test_cancel_and_fill_when_they_race_then_the_fill_stands(faked: FakeHarness, pushed: list[Update]) -> None:
    sent = await partly(faked)
    await faked.execution.cancel(sent)
    await eventually(lambda: any(isinstance(u, OrderReport) and u.state == "CANCELLED" for u in pushed))
    await eventually(lambda: sum(f.quantity for f in fills(pushed)) == 100)
    found = await faked.execution.find(sent.id)
    assert found is not None
    assert (found.state, found.filled) == ("CANCELLED", 100)


async def test_modify_and_fill_when_they_race_then_refused_or_as_told(faked: FakeHarness) -> None:
    sent = await partly(faked)
    await faked.market("800.00", "800.10", 80)  # filled before the change arrives
    with pytest.raises(NotAccepted):
        await faked.execution.modify(sent, Change(quantity=200))
    found = await faked.execution.find(sent.id)
    assert found is not None
    assert (found.state, found.filled, found.quantity) == ("FILLED", 150, 150)
