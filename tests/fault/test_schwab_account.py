"""An account at a fake Schwab in the whole app: no id of ours there, a new number a change, a session of a week."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from server.app.live import registry
from server.app.runtime import Runtime
from server.core.errors import Denied
from server.domain.brokerage import SessionGrant
from server.domain.events import Notice
from server.domain.orders import Order, OrderRequest
from server.orders.ports import Change
from tests.brokers.schwab import FakeSchwab
from tests.live import ShiftedClock, connect, fake, running, until
from tests.process import free_port

KEY, D = "GLOBAL:AAPL", Decimal
MORNING = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
"""Friday, ten o'clock in New York."""


@pytest.fixture(autouse=True)
def gold(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It is silver, and live orders need gold: here it may trade, to see what would happen."""
    monkeypatch.setattr(registry, "tier", lambda name: "gold")
    yield


@asynccontextmanager
async def schwab(clock: ShiftedClock) -> AsyncIterator[FakeSchwab]:
    """The fake, its callback at a free port of this machine."""
    async with fake("schwab", clock, f"https://127.0.0.1:{free_port()}/back") as broker:
        assert isinstance(broker, FakeSchwab)
        yield broker


async def ready(runtime: Runtime, broker: FakeSchwab) -> str:
    """Signed in, connected, reconciled and let trade."""
    account = await connect(runtime, broker)
    await until(lambda: runtime.live.link(account).state == "connected" and account in runtime.orders.desk.joined)
    await runtime.live.unlock(account)
    await runtime.live_front.confirm(account)
    market = runtime.markets["live-world"]
    market.instrument(KEY)
    await until(lambda: market.quote(KEY) is not None)
    return account


def ask(account: str, **changes: object) -> OrderRequest:
    """Buy one share far below the market."""
    fields: dict[str, object] = {"account": account, "key": KEY, "side": "BUY", "quantity": 1, "type": "LIMIT"}
    fields |= {"product": "CNC", "price": D("790.00")}
    return OrderRequest(**{**fields, **changes})  # type: ignore[arg-type]


async def place(runtime: Runtime, request: OrderRequest) -> Order:
    """Place as the owner."""
    order: Order = (await runtime.orders.place(request, actor="owner")).order
    return order


def now(runtime: Runtime, order: Order) -> Order:
    """As the books hold it."""
    return runtime.orders.desk.working(order.id).order


def orders(runtime: Runtime, account: str) -> list[tuple[str, str]]:
    """Origin and state of every order in memory."""
    held = [w.order for w in runtime.orders.desk.book._by_id.values() if w.order.account == account]
    return sorted((order.origin, order.state) for order in held)


def notices(runtime: Runtime) -> list[str]:
    """What was said on screen."""
    return [event.text for _, event in runtime.bus.since(0) or [] if isinstance(event, Notice)]


async def test_account_when_checked_with_an_order_then_placed_found_changed_and_cancelled(tmp_path: Path) -> None:
    clock = ShiftedClock(MORNING)
    async with schwab(clock) as broker, running(tmp_path, clock) as runtime:
        account = await ready(runtime, broker)
        report = await runtime.live_front.check(account, KEY, with_order=True)
        assert [(step.name, step.state) for step in report.steps if step.state != "ok"] == []
        assert [o.state for o in broker.exchange.orders.values()] == ["CANCELLED", "CANCELLED"]
        await until(lambda: orders(runtime, account) == [("check", "CANCELLED")])


async def test_answer_when_lost_then_the_order_is_known_by_its_terms(tmp_path: Path) -> None:
    clock = ShiftedClock(MORNING)
    async with schwab(clock) as broker, running(tmp_path, clock) as runtime:
        account = await ready(runtime, broker)
        broker.faults.add("place", "hang_after")
        sent = await place(runtime, ask(account))
        assert sent.state == "UNKNOWN"
        await until(lambda: now(runtime, sent).state == "OPEN")
        (there,) = broker.exchange.orders.values()
        assert now(runtime, sent).broker_id == there.id
        await runtime.orders.reconcile(account)
        assert orders(runtime, account) == [("user", "OPEN")]


async def test_answer_when_lost_and_two_orders_may_be_it_then_it_stays_unknown(tmp_path: Path) -> None:
    clock = ShiftedClock(MORNING)
    async with schwab(clock) as broker, running(tmp_path, clock) as runtime:
        account = await ready(runtime, broker)
        broker.faults.add("place", "hang_after")
        placing = asyncio.create_task(place(runtime, ask(account)))
        await until(lambda: broker.exchange.submits == 1)
        broker.exchange.submit(KEY, "BUY", 1, "LIMIT", product="NONE", price=D("790.00"))
        sent = await placing
        for _ in range(3):
            await runtime.orders.reconcile(account)
        assert now(runtime, sent).state == "UNKNOWN"
        with pytest.raises(Denied):
            await place(runtime, ask(account))
        assert broker.exchange.submits == 2


async def test_answer_when_lost_and_a_like_order_was_there_before_then_that_is_not_it(tmp_path: Path) -> None:
    clock = ShiftedClock(MORNING)
    async with schwab(clock) as broker, running(tmp_path, clock) as runtime:
        account = await ready(runtime, broker)
        there = broker.exchange.submit(KEY, "BUY", 1, "LIMIT", product="NONE", price=D("790.00"))
        await until(lambda: orders(runtime, account) == [("external", "OPEN")])
        broker.faults.add("place", "hang_after")
        sent = await place(runtime, ask(account))
        await until(lambda: now(runtime, sent).state == "OPEN")
        assert now(runtime, sent).broker_id not in ("", there.id)


async def test_answer_when_lost_before_it_arrived_then_unknown_and_never_rejected(tmp_path: Path) -> None:
    clock = ShiftedClock(MORNING)
    async with schwab(clock) as broker, running(tmp_path, clock) as runtime:
        account = await ready(runtime, broker)
        broker.faults.add("place", "500_before")
        sent = await place(runtime, ask(account))
        for _ in range(3):
            await runtime.orders.reconcile(account)
        assert (now(runtime, sent).state, broker.exchange.submits) == ("UNKNOWN", 0)


async def test_app_when_started_again_after_a_change_then_the_order_goes_on_under_its_new_number(
    tmp_path: Path,
) -> None:
    clock = ShiftedClock(MORNING)
    async with schwab(clock) as broker:
        async with running(tmp_path, clock) as runtime:
            account = await ready(runtime, broker)
            sent = await place(runtime, ask(account))
            changed = await runtime.orders.modify(sent.id, Change(price=D("791.00")), 0, actor="owner")
            assert changed.broker_id != sent.broker_id
        async with running(tmp_path, clock) as runtime:
            await until(lambda: account in runtime.orders.desk.joined)
            assert orders(runtime, account) == [("user", "OPEN")]
            ended = await runtime.orders.cancel(sent.id, actor="owner")
            await until(lambda: now(runtime, ended).state == "CANCELLED")
            assert not any(o.live for o in broker.exchange.orders.values())


async def test_order_when_replaced_elsewhere_then_followed(tmp_path: Path) -> None:
    clock = ShiftedClock(MORNING)
    async with schwab(clock) as broker, running(tmp_path, clock) as runtime:
        account = await ready(runtime, broker)
        sent = await place(runtime, ask(account))
        broker.replaced(sent.broker_id, price=D("792.00"))
        await until(lambda: now(runtime, sent).price == D("792.00"))
        assert orders(runtime, account) == [("user", "OPEN")]
        await runtime.orders.cancel(sent.id, actor="owner")
        await until(lambda: now(runtime, sent).state == "CANCELLED")


async def test_token_when_it_ages_then_renewed_and_when_the_week_is_over_then_said(tmp_path: Path) -> None:
    clock = ShiftedClock(MORNING)
    async with schwab(clock) as broker, running(tmp_path, clock) as runtime:
        account = await ready(runtime, broker)
        broker.age()
        clock.shift += timedelta(minutes=29)
        link = runtime.live.link(account)
        await until(lambda: link.grant is not None and broker.valid(link.grant.access_token))
        assert link.state == "connected"
        assert not any("Sign in again" in text for text in notices(runtime))
        kept = msgspec.json.decode((await runtime.live.keeper.secrets(link))["session"], type=SessionGrant)
        assert link.grant is not None and kept.access_token == link.grant.access_token
        clock.shift += timedelta(days=6, hours=2)
        await until(lambda: any("Sign in again before then" in text for text in notices(runtime)))
        broker.expire()
        clock.shift += timedelta(minutes=2)
        await until(lambda: runtime.live.link(account).state == "expired")
        assert "seven days" in runtime.live.link(account).problem
