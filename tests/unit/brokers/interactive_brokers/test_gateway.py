"""The line to the gateway, where the contract suite does not look: sign-in, addresses, what the library makes up."""

from collections.abc import AsyncIterator
from decimal import Decimal

import msgspec
import pytest

from server.core.errors import Invalid, Unavailable
from server.orders.ports import NotAccepted
from tests.brokers.interactive_brokers import FakeGateway
from tests.brokers.joined import Joined, eventually, joined
from tests.brokers.tws_messages import error
from tests.trading import order

D = Decimal
NAME = "interactive_brokers"


@pytest.fixture
async def made() -> AsyncIterator[Joined]:
    """Connected, with a book that fills nothing at 799."""
    async with joined(NAME) as found:
        found.fake.exchange.market(found.fake.share, "800.00", "800.10", 100)
        yield found


def gateway(made: Joined) -> FakeGateway:
    assert isinstance(made.fake, FakeGateway)
    return made.fake


async def test_sign_in_when_the_gateway_has_several_accounts_then_one_must_be_named(made: Joined) -> None:
    gateway(made).accounts = ["DU1", "DU2"]
    with pytest.raises(Invalid) as caught:
        await made.adapter.login.finish(made.context(), {})
    assert "DU1, DU2" in caught.value.detail
    named = msgspec.structs.replace(made.context(), credentials={**made.fake.credentials(), "account": "DU2"})
    assert (await made.adapter.login.finish(named, {})).user == "DU2"


async def test_sign_in_when_the_account_is_not_in_dollars_then_refused(made: Joined) -> None:
    gateway(made).currency = "EUR"
    with pytest.raises(Invalid) as caught:
        await made.adapter.login.finish(made.context(), {})
    assert "EUR" in caught.value.detail


async def test_sign_in_when_no_gateway_runs_then_told_what_to_start(made: Joined) -> None:
    gateway(made).down = True
    with pytest.raises(Unavailable) as caught:
        await made.adapter.login.finish(made.context(), {})
    assert "Read-Only API" in caught.value.remedy


@pytest.mark.parametrize("address", ["192.168.1.5:4001", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:x", "example.com:4001"])
async def test_address_when_on_another_machine_or_none_then_refused(made: Joined, address: str) -> None:
    elsewhere = msgspec.structs.replace(made.context(), credentials={"address": address}, base={})
    with pytest.raises(Invalid) as caught:
        await made.adapter.connect(elsewhere).open()
    assert caught.value.field == "address"


@pytest.mark.parametrize("number", ["0", "32", "x", "-1"])
async def test_client_number_when_out_of_range_then_refused(made: Joined, number: str) -> None:
    wrong = msgspec.structs.replace(made.context(), credentials={"client_number": number})
    with pytest.raises(Invalid) as caught:
        await made.adapter.connect(wrong).open()
    assert caught.value.field == "client_number"


async def test_modify_when_refused_then_the_order_works_on_though_the_library_calls_it_cancelled(made: Joined) -> None:
    side, instrument = made.connection.execution, made.symbols.of(made.fake.share).instrument
    sent = order(instrument, "BUY", 150, "LIMIT", "800.10")  # 100 are filled
    ack = await side.place(sent)
    sent = msgspec.structs.replace(sent, broker_id=ack.broker_id, state="OPEN")
    client = made.connection.http.client  # type: ignore[attr-defined]
    (trade,) = client.trades()
    (line,) = gateway(made).lines
    line.say(error(trade.order.orderId, 10148, "cannot be cancelled, state: PendingCancel"))
    await eventually(lambda: [e.status for e in trade.log if e.errorCode == 10148] == ["Cancelled"])
    found = await side.find(sent.id)
    assert found is not None
    assert (found.state, found.filled, found.quantity) == ("PARTIAL", 100, 150)


async def test_change_when_another_program_made_the_order_then_refused_with_nothing_sent(made: Joined) -> None:
    side, instrument = made.connection.execution, made.symbols.of(made.fake.share).instrument
    foreign = made.fake.exchange.submit(instrument.key, "BUY", 50, "LIMIT", price=D("799.00"))
    sent = order(instrument, "BUY", 50, "LIMIT", "799.00")
    sent = msgspec.structs.replace(sent, broker_id=foreign.id, state="OPEN")
    with pytest.raises(NotAccepted) as caught:
        await side.cancel(sent)
    assert caught.value.code == "broker.not_ours"
    assert made.fake.calls["cancel"] == 0 and foreign.live


async def test_instruments_when_one_is_not_known_then_left_out_and_counted(made: Joined) -> None:
    named = msgspec.structs.replace(made.context(made.grant), credentials={"symbols": "aapl; MSFT, NOSUCH"})
    connection = made.adapter.connect(msgspec.structs.replace(named, account="other"))
    await made.connection.close()
    await connection.open()
    try:
        found = await connection.data.instruments()
    finally:
        await connection.close()
    assert sorted(listing.instrument.key for listing in found) == ["GLOBAL:AAPL", "GLOBAL:MSFT"]
    assert made.symbols.unmapped == {"not known at Interactive Brokers": 1}
