"""Interactive Brokers in the whole app, over a gateway that speaks its protocol: checked, traded, restarted, gone."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from server.app.runtime import Runtime
from server.domain.orders import OrderRequest
from tests.brokers.interactive_brokers import FakeGateway
from tests.live import ShiftedClock, connect, fake, running, until

EVENING = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
"""New York trades."""


def ask(account: str, **changes: object) -> OrderRequest:
    """Buy one share far below the market."""
    fields: dict[str, object] = {
        "account": account,
        "key": FakeGateway.share,
        "side": "BUY",
        "quantity": 1,
        "type": "LIMIT",
        "product": "CNC",
        "price": Decimal("790.00"),
    }
    return OrderRequest(**{**fields, **changes})  # type: ignore[arg-type]


async def checked(runtime: Runtime, account: str) -> None:
    """Run the account's check with its order; it must pass, and unlock the account by the tier its folder claims."""
    runtime.markets["live-world"].instrument(FakeGateway.share)
    await until(lambda: runtime.live.link(account).state == "connected" and account in runtime.orders.desk.joined)
    report = await runtime.live_front.check(account, FakeGateway.share, with_order=True)
    assert report.passed, [step for step in report.steps if step.state != "ok"]
    assert report.unlocked


async def test_account_when_checked_then_traded_through_lost_answers_and_a_restart(tmp_path: Path) -> None:
    clock = ShiftedClock(EVENING)
    async with fake("interactive_brokers", clock) as gateway, running(tmp_path, clock) as runtime:
        assert isinstance(gateway, FakeGateway)
        account = await connect(runtime, gateway)
        await checked(runtime, account)
        placed = (await runtime.orders.place(ask(account), actor="owner")).order
        assert (placed.state, placed.mode, placed.broker) == ("OPEN", "LIVE", "interactive_brokers")
        gateway.faults.add("place", "hang_after")
        lost = (await runtime.orders.place(ask(account, quantity=2), actor="owner")).order
        await until(lambda: runtime.orders.desk.working(lost.id).order.state == "OPEN")
        assert [len(gateway.exchange.by_tag(sent.id)) for sent in (placed, lost)] == [1, 1]
        assert gateway.calls["place"] == 3  # the check's, and these two
        await gateway.restart(lambda: gateway.exchange.cancel(placed.broker_id))
        await until(lambda: bool(gateway.order_sockets))
        await until(lambda: [o.id for o in runtime.orders.live_orders(account)] == [lost.id])
        await runtime.orders.cancel(lost.id, actor="owner")
        await until(lambda: not runtime.orders.live_orders(account))


async def test_gateway_when_its_user_is_signed_out_then_said_and_nothing_is_sent(tmp_path: Path) -> None:
    clock = ShiftedClock(EVENING)
    async with fake("interactive_brokers", clock) as gateway, running(tmp_path, clock) as runtime:
        assert isinstance(gateway, FakeGateway)
        account = await connect(runtime, gateway)
        await checked(runtime, account)
        sent = gateway.calls["place"]
        gateway.expire()
        await until(lambda: runtime.live.link(account).state == "failed", 30)
        refused = (await runtime.orders.place(ask(account), actor="owner")).order
        assert (refused.state, refused.filled) == ("REJECTED", 0)
        assert "Not sent" in refused.reason
        assert gateway.calls["place"] == sent
