"""Live accounts at fake brokers in the whole app: locked until checked, one order a tap, the truth when one dies."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from server.app.live import registry
from server.app.runtime import Runtime
from server.core.errors import Conflict, Denied, Unauthorised, Unavailable
from server.domain.events import Notice
from server.domain.orders import OrderRequest
from tests.live import ShiftedClock, connect, fake, running, until

KEY = "NSE:SBIN"
EVENING = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
"""New York trades, India has closed: its orders wait there as after-market ones."""


@pytest.fixture(autouse=True)
def gold(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tiers are judged by their own test; here every adapter may trade."""
    monkeypatch.setattr(registry, "tier", lambda name: "gold")
    yield


def ask(account: str, **changes: object) -> OrderRequest:
    """Buy one share far below the market."""
    fields: dict[str, object] = {
        "account": account,
        "key": KEY,
        "side": "BUY",
        "quantity": 1,
        "type": "LIMIT",
        "product": "CNC",
        "price": Decimal("790.00"),
    }
    return OrderRequest(**{**fields, **changes})  # type: ignore[arg-type]


async def checked(runtime: Runtime, account: str, key: str = KEY) -> None:
    """Run the account's check with its order; it must pass."""
    runtime.markets[runtime.accounts[account].market].instrument(key)
    await until(lambda: runtime.live.link(account).state == "connected" and account in runtime.orders.desk.joined)
    report = await runtime.live_front.check(account, key, with_order=True)
    assert report.passed, [step for step in report.steps if step.state != "ok"]


def notices(runtime: Runtime) -> list[str]:
    """What was said on screen."""
    return [event.text for _, event in runtime.bus.since(0) or [] if isinstance(event, Notice)]


async def test_account_when_connected_then_locked_until_its_check_has_passed(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with fake("zerodha", clock) as kite, running(tmp_path, clock) as runtime:
        account = await connect(runtime, kite)
        await until(lambda: account in runtime.orders.desk.joined)
        runtime.markets["live-in"].instrument(KEY)
        with pytest.raises(Denied, match="has not passed its check"):
            await runtime.orders.place(ask(account), actor="owner")
        report = await runtime.live_front.check(account, KEY, with_order=False)
        assert not report.unlocked
        assert kite.calls["place"] == 0
        await checked(runtime, account)
        placed = await runtime.orders.place(ask(account), actor="owner")
        assert (placed.order.state, placed.order.mode, placed.order.broker) == ("OPEN", "LIVE", "zerodha")
        assert len(kite.exchange.by_tag(placed.order.id)) == 1


async def test_check_when_a_change_makes_another_order_there_then_that_one_is_cancelled(tmp_path: Path) -> None:
    clock = ShiftedClock(EVENING)
    async with fake("alpaca", clock) as alpaca, running(tmp_path, clock) as runtime:
        account = await connect(runtime, alpaca)
        await checked(runtime, account, alpaca.share)
        assert [order.state for order in alpaca.exchange.orders.values()] == ["CANCELLED", "CANCELLED"]
        assert alpaca.calls["place"] == 1


async def test_first_live_order_of_the_day_when_not_confirmed_then_read_back(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with fake("zerodha", clock) as kite, running(tmp_path, clock) as runtime:
        account = await connect(runtime, kite)
        with pytest.raises(Conflict, match="real money at Zerodha Kite, user FK0001"):
            runtime.context.ensure_confirmed(account)
        await runtime.live_front.confirm(account)
        runtime.context.ensure_confirmed(account)
        runtime.context.ensure_confirmed("paper-sim")
    async with running(tmp_path, clock) as runtime:
        runtime.context.ensure_confirmed(account)  # asked once a day, not once a start
        clock.shift += timedelta(days=3)
        with pytest.raises(Conflict, match="first order of today"):
            runtime.context.ensure_confirmed(account)


async def test_answer_when_lost_then_one_order_at_the_broker_and_its_fate_found(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with fake("zerodha", clock) as kite, running(tmp_path, clock) as runtime:
        account = await connect(runtime, kite)
        await checked(runtime, account)
        kite.faults.add("place", "hang_after")
        placed = await runtime.orders.place(ask(account), actor="owner")
        await until(lambda: runtime.orders.desk.working(placed.order.id).order.state == "OPEN")
        assert len(kite.exchange.by_tag(placed.order.id)) == 1
        assert kite.calls["place"] == 2  # the check's, and this one


async def test_app_when_started_again_then_it_reconnects_with_its_orders_and_without_a_login(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with fake("zerodha", clock) as kite:
        async with running(tmp_path, clock) as runtime:
            account = await connect(runtime, kite)
            await checked(runtime, account)
            order = (await runtime.orders.place(ask(account), actor="owner")).order
        async with running(tmp_path, clock) as runtime:
            assert runtime.orders.risk.locks == {}
            await until(lambda: account in runtime.orders.desk.joined)
            assert [o.id for o in runtime.orders.live_orders(account)] == [order.id]
            assert kite.calls["session"] == 1
            await runtime.orders.cancel(order.id, actor="owner")
            await until(lambda: not runtime.orders.live_orders(account))


async def test_session_when_it_dies_then_said_and_nothing_is_sent_until_signed_in_again(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with fake("zerodha", clock) as kite, running(tmp_path, clock) as runtime:
        account = await connect(runtime, kite)
        await checked(runtime, account)
        kite.expire()
        await until(lambda: runtime.live.link(account).state == "expired")
        assert any("session has ended" in text for text in notices(runtime))
        with pytest.raises(Unavailable):
            await runtime.orders.place(ask(account), actor="owner")
        assert await connect(runtime, kite, account=account) == account
        await until(lambda: account in runtime.orders.desk.joined)
        assert (await runtime.orders.place(ask(account), actor="owner")).order.state == "OPEN"


async def test_session_when_it_ends_soon_then_told_before_and_until_signed_in_again(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with fake("zerodha", clock) as kite, running(tmp_path, clock) as runtime:
        account = await connect(runtime, kite)
        await until(lambda: runtime.live.link(account).state == "connected")
        assert runtime.context.ending() == {}
        ends = runtime.live.wires()[0].expires
        assert ends is not None
        clock.shift += ends - clock.now() - timedelta(minutes=20)
        await until(lambda: any("the session ends at 06:00" in text for text in notices(runtime)))
        assert runtime.context.ending() == {account: ends}
        kite.expire()
        await until(lambda: runtime.live.link(account).state == "expired")
        assert runtime.context.ending() == {account: None}


async def test_two_accounts_when_one_broker_dies_mid_order_then_the_screen_tells_the_truth(tmp_path: Path) -> None:
    clock = ShiftedClock(EVENING)
    async with fake("zerodha", clock) as kite, running(tmp_path, clock) as runtime:
        async with fake("alpaca", clock) as alpaca:
            one, two = await connect(runtime, kite), await connect(runtime, alpaca)
            await until(lambda: {one, two} <= runtime.orders.desk.joined)
            await runtime.live.unlock(one)
            await runtime.live.unlock(two)
            runtime.markets["live-in"].instrument(KEY)
            assert runtime.markets["live-world"].instrument(alpaca.share) is not None
            abroad = ask(two, key=alpaca.share)
            assert (await runtime.orders.place(abroad, actor="owner")).order.state == "OPEN"
            alpaca.faults.add("place", "hang_before")
            lost = (await runtime.orders.place(ask(two, key=alpaca.share, quantity=2), actor="owner")).order
        # the broker is gone: the order stays in doubt, counts, and is never sent again
        await until(lambda: runtime.live.link(two).state == "failed", 30)
        assert runtime.orders.desk.working(lost.id).order.state == "UNKNOWN"
        assert alpaca.calls["place"] == 2
        lines = {line.account: line for line in runtime.live_front.portfolio()}
        assert (lines[one].state, lines[two].state) == ("connected", "failed")
        assert lines[two].age is not None
        assert runtime.live_front.connected() == (1, 2)
        assert (await runtime.orders.place(ask(one, after_market=True), actor="owner")).order.state == "OPEN"


async def test_chart_when_nothing_is_stored_then_the_broker_tells_and_it_is_kept(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with fake("zerodha", clock) as kite, running(tmp_path, clock) as runtime:
        account = await connect(runtime, kite)
        market = runtime.markets["live-in"]
        await until(lambda: runtime.live.link(account).state == "connected")
        market.instrument(KEY)
        bars = await market.hub.bars(KEY, "1m", None, 400)
        assert len(bars.start_ns) > 5
        asked = kite.calls["history"]
        assert asked > 0
        await runtime.storage.ticks.flush()
        again = await market.hub.bars(KEY, "1m", None, 400)
        assert kite.calls["history"] == asked
        assert set(bars.start_ns[:-1].tolist()) <= set(again.start_ns.tolist())
        assert (await market.hub.bars(KEY, "1d", None, 30)).close.min() > 0


async def test_redirect_when_its_state_is_not_ours_then_refused(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with fake("zerodha", clock) as kite, running(tmp_path, clock) as runtime:
        await runtime.live.begin("zerodha", "", kite.credentials(), dict(kite.base()))
        with pytest.raises(Unauthorised, match="not begun here"):
            await runtime.live.finish({"state": "forged", "request_token": "x"})
        assert kite.calls["session"] == 0


async def test_secrets_when_everything_has_run_then_in_no_file_and_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = ShiftedClock()
    with caplog.at_level(logging.DEBUG):
        async with fake("zerodha", clock) as kite, running(tmp_path, clock) as runtime:
            account = await connect(runtime, kite)
            await checked(runtime, account)
            kite.faults.add("funds", "html_500", times=3)
            kite.expire()
            await until(lambda: runtime.live.link(account).state == "expired")
            grant_secrets = [kite.credentials()["api_secret"], kite.credentials()["api_key"]]
            entry = await runtime.live.keeper.secrets(runtime.live.link(account))
            grant_secrets.append(entry["session"].split('"access_token":"')[1].split('"')[0])
            await runtime.live.forget(account)
            assert account not in runtime.live._vault.names()
            assert not runtime.live.links[account].kept.unlocked, "the next keys may be another login's"
            assert "has not passed its check" in runtime.orders.risk.locks[account]
    assert all(len(secret) > 8 for secret in grant_secrets)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            assert not any(secret.encode() in body for secret in grant_secrets), path
    ours = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]  # the fake's own
    ours += capsys.readouterr().out.splitlines()  # what our own loggers say while no log file is set up
    assert len(ours) > 3
    assert not any(secret in text for text in ours for secret in grant_secrets)
