"""The line to the gateway: no HTTP here, but limits, usage log and judgement of refusals are those of every broker.

The library owns the socket and keeps its own picture of orders. A read is asked for anew each time; an order command
goes out once and waits for the gateway's word on it. What the library makes up itself proves nothing.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from server.brokers.interactive_brokers.parse import PARSERS, refusal_of
from server.brokers.kit.http import Http
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, Usage
from server.core.errors import Fault, Invalid, RateLimited, Unavailable, Unknown
from server.orders.ports import NotAccepted

if TYPE_CHECKING:
    from ib_async import IB, StartupFetch, Trade

__all__ = ("Gateway", "new_client")

T = TypeVar("T")
_LOOK = 0.1
"""Seconds between looks at an order on which no event came."""
_FIGURES = "AvailableFunds,InitMarginReq,TotalCashValue,NetLiquidation,$LEDGER:ALL"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def new_client() -> "IB":
    """A client of the library; tests put one in its place that talks to a fake gateway."""
    try:
        from ib_async import IB
    except ImportError:
        raise Fault(
            "The library for Interactive Brokers is not installed.",
            code="broker.library",
            remedy="Install it with: pip install sauda[ib]",
        ) from None
    return IB()


def _nothing() -> "StartupFetch":
    from ib_async import StartupFetch

    return StartupFetch(0)


class Gateway(Http):
    """One account's line to TWS or the IB Gateway."""

    make: Callable[[], "IB"] = staticmethod(new_client)

    def __init__(self, context: Context, manifest: Manifest, *, probe: bool = False) -> None:
        super().__init__(context, manifest, PARSERS["error"])
        self._client: IB | None = None
        self._joining = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._probe = probe
        self._over = False

    async def open(self) -> None:
        """Connect, when not connected. Raises Unavailable, with what to do about it."""
        async with self._joining:
            if self._over:  # a late reading must not bring the line up again
                raise self._fail(f"{self.manifest.title}: the line to the gateway was closed.")
            if self._client is None:
                self._client = type(self).make()
                self._client.RaiseRequestErrors = True
            if self._client.isConnected():
                return
            host, port = self.place()
            number = self.context.credentials.get("client_number", "").strip() or "11"
            if not (number.isascii() and number.isdigit() and 1 <= int(number) <= 31):
                raise Invalid(
                    "The client number is a whole number from 1 to 31.", code="broker.client", field="client_number"
                )
            try:
                await self._client.connectAsync(
                    host,
                    port,
                    clientId=int(number) + (100 if self._probe else 0),
                    timeout=self.connect_timeout,
                    account=self.account,
                    raiseSyncErrors=True,
                    fetchFields=_nothing(),  # books are read when needed, and then anew
                )
            except (OSError, TimeoutError) as error:  # ConnectionError is an OSError
                raise Unavailable(
                    f"No TWS or IB Gateway answers at {host}:{port} ({type(error).__name__}).",
                    code="broker.unreached",
                    remedy="Start it, sign in there, allow socket clients in its API settings, turn Read-Only API off, "
                    "and give each program its own client number.",
                ) from None

    async def close(self) -> None:
        """Disconnect, for good."""
        self._over = True
        if self._client is not None and self._client.isConnected():
            self._client.disconnect()
        await super().close()

    @property
    def client(self) -> "IB":
        """The connected client; raises Unavailable."""
        if self._client is None or not self._client.isConnected():
            raise self._fail(f"{self.manifest.title}: the line to the gateway is down.")
        return self._client

    @property
    def account(self) -> str:
        """The account's number there; empty until signed in."""
        grant = self.context.session
        return grant.user if grant is not None else self.context.credentials.get("account", "").strip()

    def place(self) -> tuple[str, int]:
        """Where the gateway listens. Raises Invalid for another machine: the line is not encrypted."""
        address = self.context.base.get("gateway") or self.context.credentials.get("address", "").strip()
        host, _, port = (address or self.address("gateway")).rpartition(":")
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise Invalid("The address is a host and a port: 127.0.0.1:4001", code="broker.address", field="address")
        if host not in _LOOPBACK:
            raise Invalid(
                f"The gateway must run on this machine, not on {host[:60]!r}: its line is not encrypted.",
                code="broker.address",
                field="address",
                remedy="Use 127.0.0.1, through a tunnel if it runs elsewhere.",
            )
        return host, int(port)

    async def fetch(
        self,
        name: str,
        ask: Callable[["IB"], Awaitable[T]],
        group: str = "default",
        patience: float = 0.0,
        *,
        alone: bool = False,
    ) -> T:
        """Ask for something that changes nothing, again while nobody answers. Raises as `Http.read`.

        `alone` for what the library knows by name only: of two such requests at once it would lose one's answer."""
        wait = self.pause
        for left in reversed(range(self.tries)):
            try:
                return await self._asked(name, ask, group, patience or self.read_timeout, alone=alone)
            except (Unavailable, RateLimited) as error:
                if left == 0 or error.code == "broker.resting":
                    raise
                await self.context.clock.sleep(wait)
                wait *= 2
        raise AssertionError("unreachable")  # pragma: no cover

    async def summary(self) -> list[Any]:
        """Figures of the account, asked for anew: the library would give those of its first reading again."""

        async def ask(ib: "IB") -> list[Any]:
            number = ib.client.getReqId()
            ib.wrapper.acctSummary.clear()
            told = ib.wrapper.startReq(number)
            ib.client.reqAccountSummary(number, "All", _FIGURES)
            try:
                await told
            finally:  # two such subscriptions are all that the gateway allows
                if ib.isConnected():
                    ib.client.cancelAccountSummary(number)
            return [row for row in ib.wrapper.acctSummary.values() if self.account in ("", row.account)]

        return await self.fetch("funds", ask, alone=True)

    async def _asked(
        self, name: str, ask: Callable[["IB"], Awaitable[T]], group: str, patience: float, *, alone: bool
    ) -> T:
        await self.limiter.enter(group, 5.0)
        await self.open()  # a line that went down is brought up by whoever needs it first
        self._enter_breaker()
        client = self.client
        problem, started, at = "", self.context.clock.monotonic(), self.context.clock.now()
        try:
            async with self._reading if alone else contextlib.nullcontext():
                found = await asyncio.wait_for(ask(client), patience)
            self.breaker.succeed()
            return found
        except TimeoutError:
            self.breaker.fail()
            problem = "no answer in time"
            raise self._fail(f"{self.manifest.title} gave no answer to {name} ({problem}).") from None
        except OSError:
            self.breaker.fail()
            problem = "connection cut"
            raise self._fail(f"{self.manifest.title} gave no answer to {name} ({problem}).") from None
        except Exception as error:
            code, text = getattr(error, "code", None), str(getattr(error, "message", ""))
            if not isinstance(code, int):
                raise
            problem = f"error {code}"
            self.breaker.succeed()
            self.raise_refusal(refusal_of(code, text))
        finally:
            self._log(name, group, at, started, problem)

    async def command(self, name: str, send: Callable[["IB"], "Trade"], judge: Callable[["Trade"], T | None]) -> T:
        """Send an order command once and wait for the gateway's word on it.

        Raises NotAccepted when nothing was sent, Unknown when no word came; `judge` raises for a refusal."""
        title = self.manifest.title
        try:
            await self.limiter.enter("orders", 2.0)
            client = self.client
        except (RateLimited, Unavailable) as error:
            raise NotAccepted(f"Not sent: {error.detail}", error.code) from None
        if not self.breaker.enter() and name != "cancel":  # a cancel is worth a try
            raise NotAccepted(
                f"{title} has failed repeatedly; not sent. Next try in {self.breaker.wait_for():.0f} s.",
                "broker.resting",
            )
        changed = asyncio.Event()
        clock = self.context.clock
        problem, started, at = "", clock.monotonic(), clock.now()

        def told(row: Any) -> None:
            changed.set()

        client.orderStatusEvent += told
        client.openOrderEvent += told
        try:
            try:
                trade = send(client)
            except ConnectionError:
                problem = "not sent"
                raise NotAccepted(f"{title} could not be reached; nothing was sent.", "broker.unreached") from None
            while (found := judge(trade)) is None:
                left = self.order_timeout - (clock.monotonic() - started)
                if left <= 0 or not client.isConnected():
                    problem = "no answer in time" if left <= 0 else "connection cut"
                    self.breaker.fail()
                    raise Unknown(
                        f"{title} gave no clear answer to {name} ({problem}).",
                        code="broker.no_answer",
                        remedy="The order is being looked up. Do not send it again.",
                    )
                changed.clear()
                try:
                    await asyncio.wait_for(changed.wait(), min(left, _LOOK))
                except TimeoutError:
                    continue
            self.breaker.succeed()
            return found
        except NotAccepted:
            self.breaker.succeed()
            raise
        finally:
            client.orderStatusEvent -= told
            client.openOrderEvent -= told
            self._log(name, "orders", at, started, problem)

    def _log(self, name: str, group: str, at: Any, started: float, problem: str) -> None:
        self.context.used(
            Usage(
                account=self.context.account,
                broker=self.manifest.name,
                endpoint=group,
                call=name,
                status=0 if problem else 200,
                seconds=self.context.clock.monotonic() - started,
                at=at,
                left=self.limiter.left(group),
                problem=problem,
            )
        )
