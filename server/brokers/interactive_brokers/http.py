"""The line to the gateway: no HTTP here, but limits, usage log and judgement of refusals are those of every broker.

The library owns the socket and keeps its own picture of orders. A read is asked for anew each time; an order command
goes out once and waits for the gateway's word on it. What the library makes up itself proves nothing.

Many requests of the protocol have no number: their answers are told apart by kind alone. So one of a kind is under way
at a time, and where its answer did not come in time the line is given up: on a new one no late answer to an old
question can be taken for the answer to this one, which might prove absent an order that is there.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from server.brokers.interactive_brokers.client import new_client
from server.brokers.interactive_brokers.parse import PARSERS, refusal_of
from server.brokers.kit.http import Http
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, Usage
from server.core.errors import Invalid, RateLimited, Unavailable, Unknown
from server.orders.ports import NotAccepted

if TYPE_CHECKING:
    from ib_async import IB, Trade

__all__ = ("Gateway",)

_log = logging.getLogger(__name__)

T = TypeVar("T")
_LOOK = 0.1
"""Seconds between looks at an order on which no event came."""
_FIGURES = "AvailableFunds,InitMarginReq,TotalCashValue,NetLiquidation,$LEDGER:ALL"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ALIVE = 2.0
"""Seconds in which a gateway that lives tells the time."""
_OFFLINE = (1100, 2110)
"""The gateway has lost Interactive Brokers' servers, or its user is signed out; after 1101 and 1102 it is back."""
_ONLINE = (1101, 1102)
_BOOKS = frozenset({0, 3, 5, 11, 61, 63, 101})
"""Messages that are lines of a book, and those that have no number at all."""
_TAKEN = 326


class Gateway(Http):
    """One account's line to TWS or the IB Gateway."""

    def __init__(self, context: Context, manifest: Manifest, *, probe: bool = False) -> None:
        super().__init__(context, manifest, PARSERS["error"])
        self._client: IB | None = None
        self._joining = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._asking: set[asyncio.Task[Any]] = set()
        self._probe = probe
        self._over = False
        self._offline = ""
        """What the gateway said when it lost IB's servers."""
        self._unread = 0
        """Messages about orders or the account that the library could not read."""

    async def open(self) -> None:
        """Connect, when not connected. Raises Unavailable, with what to do about it."""
        async with self._joining:
            if self._over:  # a late reading must not bring the line up again
                raise self._fail(f"{self.manifest.title}: the line to the gateway was closed.")
            if self._client is not None and self._client.isConnected():
                return
            host, port = self.place()
            number = self.number
            client, said = new_client(self._undecoded), list[tuple[int, str]]()
            client.errorEvent += lambda _, code, text, __: said.append((code, text))
            try:
                await self._join(client, host, port, number)
            except (OSError, TimeoutError) as error:  # ConnectionError is an OSError
                for code, text in said:
                    if code == _TAKEN:
                        raise Unavailable(
                            f"The gateway turned the line away: {self.clean(text)}",
                            code="broker.client",
                            remedy="Give each program on the gateway a client number of its own.",
                        ) from None
                raise Unavailable(
                    f"No TWS or IB Gateway answers at {host}:{port} ({type(error).__name__}).",
                    code="broker.unreached",
                    remedy="Start it, sign in there, allow socket clients in its API settings, turn Read-Only API off, "
                    "and give each program its own client number.",
                ) from None
            client.errorEvent += self._erred
            self._offline = ""
            self._client = client

    async def _join(self, client: "IB", host: str, port: int, number: int) -> None:
        """The handshake. The library alone would wait out its patience where the gateway hangs up on it."""
        client.wrapper.clientId = number
        hung_up = asyncio.Event()
        client.client.conn.disconnected += lambda _: hung_up.set()
        joining = asyncio.ensure_future(client.client.connectAsync(host, port, number, self.connect_timeout))
        ended = asyncio.ensure_future(hung_up.wait())
        try:
            await asyncio.wait({joining, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not joining.done():
                raise ConnectionAbortedError("the gateway hung up")
            joining.result()
        finally:
            for task in (joining, ended):
                task.cancel()
            await asyncio.gather(joining, ended, return_exceptions=True)

    async def close(self) -> None:
        """Disconnect, for good."""
        self._over = True
        if self._client is not None and self._client.isConnected():
            self._client.disconnect()
        for task in self._asking:
            task.cancel()
        await super().close()

    def _drop(self, client: "IB", why: str) -> None:
        """Give a line up; who needs it next brings up another. What is under way on it fails at once."""
        _log.warning("%s: the line to the gateway is given up: %s", self.manifest.title, why)
        if self._client is client:
            self._client = None
        if client.client.conn.transport is not None:
            client.client.conn.transport.abort()

    def _undecoded(self, message: int) -> None:
        self._unread += message in _BOOKS

    def _erred(self, number: int, code: int, text: str, contract: Any) -> None:
        if code in _OFFLINE:
            self._offline = self.clean(text)
        elif code in _ONLINE:
            self._offline = ""

    @property
    def client(self) -> "IB":
        """The connected client; raises Unavailable."""
        if self._client is None or not self._client.isConnected():
            raise self._fail(f"{self.manifest.title}: the line to the gateway is down.")
        return self._client

    def trades(self) -> list["Trade"]:
        """Orders as the library saw them on this connection; none while the line is down."""
        return list(self._client.trades()) if self._client is not None and self._client.isConnected() else []

    @property
    def account(self) -> str:
        """The account's number there; empty until signed in."""
        grant = self.context.session
        return grant.user if grant is not None else self.context.credentials.get("account", "").strip()

    @property
    def number(self) -> int:
        """Our number among the gateway's clients; a trial has one of its own. Raises Invalid."""
        number = self.context.credentials.get("client_number", "").strip() or "11"
        if not (number.isascii() and number.isdigit() and 1 <= int(number) <= 31):
            raise Invalid(
                "The client number is a whole number from 1 to 31.", code="broker.client", field="client_number"
            )
        return int(number) + (100 if self._probe else 0)

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

        `alone` for requests without a number: one at a time, and the line is given up when no answer comes."""
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

    async def positions(self) -> list[Any]:
        """Open positions of the account, each contract once: a change under way while they are read repeats a line."""

        async def ask(ib: "IB") -> list[Any]:
            try:
                return list(await ib.reqPositionsAsync())
            finally:  # it is a subscription, and nobody listens
                if ib.isConnected():
                    ib.client.cancelPositions()

        rows = {(row.account, row.contract.conId): row for row in await self.fetch("positions", ask, alone=True)}
        return [row for row in rows.values() if row.position and self.account in ("", row.account)]

    async def _asked(
        self, name: str, ask: Callable[["IB"], Awaitable[T]], group: str, patience: float, *, alone: bool
    ) -> T:
        await self.limiter.enter(group, 5.0)
        await self.open()  # a line that went down is brought up by whoever needs it first
        self._enter_breaker()
        client = self.client
        problem, started, at, unread = "", self.context.clock.monotonic(), self.context.clock.now(), self._unread
        try:
            if alone:
                found = await self._one_by_one(client, ask, patience)
            else:
                found = await self._numbered(client, ask, patience)
            if self._unread > unread:  # a line that the library dropped would be missing without a word
                problem = "not readable"
                raise self._fail(f"{self.manifest.title}'s answer to {name} could not be read.")
            self.breaker.succeed()
            return found
        except TimeoutError:
            self.breaker.fail()
            problem = "no answer in time"
            words = f" It said: {self._offline}" if self._offline else ""
            raise self._fail(f"{self.manifest.title} gave no answer to {name} ({problem}).{words}") from None
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

    async def _one_by_one(self, client: "IB", ask: Callable[["IB"], Awaitable[T]], patience: float) -> T:
        """In a task of its own: the answer is waited for even when the one who asked has gone."""

        async def waited() -> T:
            async with self._reading:
                try:
                    return await asyncio.wait_for(ask(client), patience)
                except TimeoutError:
                    self._drop(client, "a question stayed without an answer")
                    raise

        task = asyncio.ensure_future(waited())
        self._asking.add(task)
        task.add_done_callback(self._asked_for)
        return await asyncio.shield(task)

    def _asked_for(self, task: asyncio.Task[Any]) -> None:
        self._asking.discard(task)
        if not task.cancelled():
            task.exception()  # the one who asked may have gone

    async def _numbered(self, client: "IB", ask: Callable[["IB"], Awaitable[T]], patience: float) -> T:
        """A late answer harms nothing here; but a line on which nothing at all came is asked for the time."""
        heard = client.client.connectionStats().numMsgRecv
        try:
            return await asyncio.wait_for(ask(client), patience)
        except TimeoutError:
            if client.isConnected() and client.client.connectionStats().numMsgRecv == heard:
                with contextlib.suppress(TimeoutError, OSError):
                    await self._one_by_one(client, lambda ib: ib.reqCurrentTimeAsync(), min(patience, _ALIVE))
            raise

    async def command(self, name: str, send: Callable[["IB"], "Trade"], judge: Callable[["Trade"], T | None]) -> T:
        """Send an order command once and wait for the gateway's word on it.

        Raises NotAccepted when nothing was sent, Unknown when no word came; `judge` raises for a refusal."""
        title = self.manifest.title
        try:
            await self.limiter.enter("orders", 2.0)
            client = self.client
        except (RateLimited, Unavailable) as error:
            raise NotAccepted(f"Not sent: {error.detail}", error.code) from None
        if self._offline and name != "cancel":  # what the gateway keeps back until then may be wanted no longer
            raise NotAccepted(f"Not sent: the gateway said: {self._offline}", "broker.gateway_offline")
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
