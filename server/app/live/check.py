"""An account's check before it goes live: read everything, watch a price, then one smallest order far from the market.

Nobody at Sauda can reach the live services, so an adapter proves itself on the owner's own account: each answer is
compared with what the adapter expects, differences are kept raw (secrets blanked) for a bug report, and only a whole
pass with an order unlocks the account. The order goes down the same order path as every other.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from server import __version__
from server.api.live import CheckReport, CheckStep
from server.app.live import registry
from server.app.live.accounts import LiveAccounts
from server.brokers.kit.ports import Connection
from server.core.clock import Clock
from server.core.errors import Denied, NotFound, SaudaError
from server.core.logs import scrub
from server.domain.instruments import Instrument
from server.domain.orders import Order, OrderRequest
from server.orders.ports import Change
from server.orders.service import OrderService

__all__ = ("Checks",)

_TICK_WITHIN = 15.0
_SETTLE_WITHIN = 10.0
_LOOK_EVERY = 0.25
_AWAY = Decimal("0.90")
"""The order's distance from the last price: a buy a tenth below it does not trade by accident."""
_LONGEST = 300


class _Skip(Exception):
    """A step that cannot be tried now; its words say why."""


class _Wrong(Exception):
    """A step that answered otherwise than expected."""


class Checks:
    """Runs and keeps checks."""

    def __init__(self, folder: Path, accounts: LiveAccounts, orders: OrderService, clock: Clock) -> None:
        self._folder = folder / "checks"
        self._accounts = accounts
        self._orders = orders
        self._clock = clock

    async def run(self, account: str, key: str, with_order: bool) -> CheckReport:
        """Check an account now; raises NotFound, Unavailable when it is not connected, Denied below gold with order."""
        link = self._accounts.link(account)
        connection = self._accounts.connection(account)
        if with_order and (tier := registry.tier(link.account.broker)) != "gold":
            raise Denied(
                f"No order is sent: Sauda's {link.adapter.manifest.title} adapter has reached {tier}, and live orders "
                "need gold.",
                code="check.tier",
                field="with_order",
                remedy="Run the check without an order.",
            )
        instrument = link.symbols.of(key).instrument
        steps: list[CheckStep] = []
        for name, expected, work in self._reads(account, connection, instrument):
            steps.append(await self._step(name, expected, work))
        if with_order and all(step.state != "failed" for step in steps):
            steps += await self._order(account, instrument)
        passed = all(step.state == "ok" for step in steps) and with_order
        if passed:
            await self._accounts.unlock(account)
        report = CheckReport(
            account=account,
            broker=link.account.broker,
            version=__version__,
            at=self._clock.now(),
            with_order=with_order,
            passed=passed,
            unlocked=link.kept.unlocked,
            steps=steps,
        )
        await asyncio.to_thread(self._keep, report)
        await self._accounts.note("account.checked" if passed else "account.check_failed", account)
        return report

    async def report(self, account: str) -> CheckReport:
        """The last one; raises NotFound."""
        self._accounts.link(account)
        try:
            body = await asyncio.to_thread((self._folder / f"{account}.json").read_bytes)
        except FileNotFoundError as error:
            raise NotFound(
                f"{account} has not been checked yet.", code="check.none", remedy="Run its check on the Connect page."
            ) from error
        return msgspec.json.decode(body, type=CheckReport)

    def _reads(
        self, account: str, connection: Connection, instrument: Instrument
    ) -> list[tuple[str, str, Callable[[], Awaitable[str]]]]:
        data = connection.data
        link = self._accounts.link(account)

        async def session() -> str:
            await connection.ping()
            return "answered"

        async def funds() -> str:
            lines = await data.funds()
            if not lines:
                raise _Wrong("no line of funds")
            return str(len(lines))

        async def positions() -> str:
            return str(len(await data.positions()))

        async def holdings() -> str:
            return str(len(await data.holdings()))

        async def orders() -> str:
            return str(len(await connection.execution.orders()))

        async def trades() -> str:
            return str(len(await connection.execution.trades()))

        async def master() -> str:
            mapped, left = len(link.symbols), sum(link.symbols.unmapped.values())
            if not mapped:
                raise _Wrong("no instrument could be mapped")
            return f"{mapped} mapped, {left} not"

        async def quotes() -> str:
            found = (await data.quotes([instrument.key])).get(instrument.key)
            if found is None or found.last is None:
                raise _Wrong(f"no last price of {instrument.key}")
            return f"{instrument.symbol} {found.last}"

        async def stream() -> str:
            market = self._accounts.live_markets[link.account.market].market
            market.instrument(instrument.key)
            if market.phase(instrument.segment).name == "closed":
                raise _Skip("its session is closed; run the check again in market hours")
            seen = asyncio.Event()
            stop = market.watch([instrument.key], lambda _: seen.set())
            try:
                await asyncio.wait_for(seen.wait(), _TICK_WITHIN)
            finally:
                stop()
            quote = market.quote(instrument.key)
            return f"{quote.ltp} from {quote.source}" if quote is not None else "a tick"

        return [
            ("session", "an answer to the cheapest read", session),
            ("funds", "at least one line", funds),
            ("positions", "a list", positions),
            ("holdings", "a list", holdings),
            ("orders", "a list", orders),
            ("trades", "a list", trades),
            ("master", "instruments with canonical symbols", master),
            ("quotes", f"a last price of {instrument.symbol}", quotes),
            ("stream", f"a tick of {instrument.symbol} within {_TICK_WITHIN:.0f} s", stream),
        ]

    async def _order(self, account: str, instrument: Instrument) -> list[CheckStep]:
        """Place, see, change, cancel: each must end as expected before the next is tried."""
        market = self._orders.desk.market(account)
        held: dict[str, Order] = {}

        async def place() -> str:
            quote = market.quote(instrument.key)
            if quote is None:
                raise _Wrong("there is no price to stay away from")
            tick = instrument.tick
            price = max(tick, (quote.ltp * _AWAY // tick) * tick)
            request = OrderRequest(
                account=account,
                key=instrument.key,
                side="BUY",
                quantity=instrument.smallest(price),
                unit=instrument.unit,
                type="LIMIT",
                product="NRML" if instrument.derivative else "CNC",
                price=price,
                tag="check",
            )
            order = (await self._orders.place_check(request, actor="owner")).order
            held["order"] = order
            return self._expect(await self._settled(order.id, ("OPEN", "UNKNOWN")), "OPEN")

        async def look() -> str:
            order = held["order"]
            found = await self._orders.desk.execution(account).find(order.id)
            if found is None:
                raise _Wrong("the broker does not find it by our id")
            theirs, ours = (found.quantity, found.price, found.side), (order.quantity, order.price, order.side)
            if theirs != ours:
                raise _Wrong(f"the broker has {theirs}, we sent {ours}")
            return f"{found.broker_id} {found.state}"

        async def modify() -> str:
            order = self._orders.desk.working(held["order"].id).order
            assert order.price is not None
            price = max(instrument.tick, order.price - instrument.tick)
            await self._orders.modify(order.id, Change(price=price), order.revision, actor="owner")
            order = await self._settled(order.id, ("OPEN",))
            if order.price != price:
                raise _Wrong(f"the price is {order.price}, not {price}")
            return self._expect(order, "OPEN")

        async def cancel() -> str:
            await self._orders.cancel(held["order"].id, actor="owner")
            return self._expect(await self._settled(held["order"].id, ("CANCELLED",)), "CANCELLED")

        steps: list[CheckStep] = []
        for name, expected, work in (
            ("order.place", "OPEN at the broker", place),
            ("order.look_up", "found by our own id, with our terms", look),
            ("order.modify", "OPEN at the new price", modify),
            ("order.cancel", "CANCELLED", cancel),
        ):
            tried = name == "order.place" or (name == "order.cancel" and "order" in held)
            if steps and steps[-1].state != "ok" and not tried:
                steps.append(
                    CheckStep(name=name, state="skipped", expected=expected, got="the step before failed", ms=0)
                )
                continue
            steps.append(await self._step(name, expected, work))
        return steps

    async def _settled(self, order_id: str, states: tuple[str, ...]) -> Order:
        """The order once it is in one of the states, or as it stands after a while."""
        until = self._clock.monotonic() + _SETTLE_WITHIN
        while True:
            order = self._orders.desk.working(order_id).order
            if order.state in states or self._clock.monotonic() >= until:
                return order
            await self._clock.sleep(_LOOK_EVERY)

    def _expect(self, order: Order, state: str) -> str:
        if order.state != state:
            raise _Wrong(f"{order.state}: {order.reason or 'no reason given'}")
        return f"{order.id} {order.state}"

    async def _step(self, name: str, expected: str, work: Callable[[], Awaitable[str]]) -> CheckStep:
        began = self._clock.monotonic()
        state: Any = "ok"
        try:
            got = await work()
        except _Skip as skip:
            state, got = "skipped", str(skip)
        except _Wrong as wrong:
            state, got = "failed", str(wrong)
        except TimeoutError:
            state, got = "failed", "nothing came in time"
        except SaudaError as error:
            state, got = "failed", f"{error.detail} ({error.code})"
        except Exception as error:  # noqa: BLE001 - whatever the adapter did is the finding
            state, got = "failed", f"{type(error).__name__}: {error}"
        ms = round((self._clock.monotonic() - began) * 1e3, 1)
        return CheckStep(name=name, state=state, expected=expected, got=str(scrub(got))[:_LONGEST], ms=ms)

    def _keep(self, report: CheckReport) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        spare = self._folder / f"{report.account}.new"
        spare.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2))
        spare.replace(self._folder / f"{report.account}.json")
