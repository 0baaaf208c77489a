"""A real adapter joined to its fake broker: signed in as its users do, master loaded, connection open."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import msgspec

from server.brokers.kit.execution import BrokerExecution
from server.brokers.kit.http import Http
from server.brokers.kit.limits import Limiter
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Adapter, Connection, Context, Usage
from server.brokers.kit.stream import Socket
from server.brokers.kit.symbols import SymbolMap
from server.core.clock import Clock, SystemClock
from server.domain.brokerage import SessionGrant
from tests.brokers.base import FakeBroker
from tests.brokers.fake import make

__all__ = ("ACCOUNT", "Joined", "eventually", "joined", "sign_in")

ACCOUNT = "test"
_FIELD = re.compile(r'name="(\w+)" value="([^"]*)"')
_BACK = "http://127.0.0.1/back"


async def eventually(true: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until something is so; fails after a while."""
    clock = SystemClock()
    end = clock.monotonic() + seconds
    while not true():
        assert clock.monotonic() < end, "it did not come to pass"
        await clock.sleep(0.002)


async def sign_in(adapter: Adapter, context: Context) -> SessionGrant:
    """Walk through the login page where there is one, as a browser would."""
    step = adapter.login.begin(context, _BACK, "state123")
    answer: Mapping[str, str] = {}
    if step.kind == "redirect":
        async with aiohttp.ClientSession() as browser:
            async with browser.get(step.url, allow_redirects=False) as page:
                place, text = page.headers.get("Location", ""), await page.text()
            if not place:
                form = {name: value.replace("&amp;", "&") for name, value in _FIELD.findall(text)}
                async with browser.post(step.url, data=form, allow_redirects=False) as done:
                    place = done.headers["Location"]
        answer = dict(parse_qsl(urlsplit(place).query))
    return await adapter.login.finish(context, answer)


def _generous(facts: Manifest) -> Manifest:
    """Limits are proved by themselves; here they would only make the suite slow."""
    loose = {
        name: msgspec.structs.replace(limit, per_second=500.0, burst=500, per_minute=None)
        for name, limit in facts.limits.items()
    }
    return msgspec.structs.replace(facts, limits=loose)


class Joined:
    """An adapter and its fake."""

    def __init__(self, name: str, clock: Clock | None = None) -> None:
        self.name = name.partition("-")[0]
        """The broker's folder: `binance-usdm` is a second service of one broker."""
        self.clock = clock or SystemClock()
        self.fake: FakeBroker = make(name)
        self.adapter: Adapter = import_module(f"server.brokers.{self.name}").ADAPTER
        self.symbols = SymbolMap(self.name)
        self.used: list[Usage] = []
        self.grant: SessionGrant | None = None
        self.connection: Connection

    def context(self, grant: SessionGrant | None = None) -> Context:
        """What a connection is given."""
        return Context(
            account=ACCOUNT,
            credentials=self.fake.credentials(),
            session=grant,
            clock=self.clock,
            symbols=self.symbols,
            used=self.used.append,
            base=self.fake.base(),
        )

    async def connect(self) -> Connection:
        """A connection with the session as it is, not connected for orders yet."""
        self.connection = self.adapter.connect(self.context(self.grant))
        await self.connection.open()
        return self.connection

    @property
    def secret_fields(self) -> set[str]:
        """Names of credentials that must never show."""
        return {field.name for field in self.adapter.manifest.login.fields if field.secret}

    @property
    def http(self) -> Http:
        """The HTTP side of the connection, to make its patience short."""
        found = self.connection.http  # type: ignore[attr-defined]
        assert isinstance(found, Http)
        return found


@asynccontextmanager
async def joined(name: str, clock: Clock | None = None) -> AsyncIterator[Joined]:
    """Signed in, master loaded, order side connected; patience short enough for tests."""
    made = Joined(name, clock)
    await made.fake.start()
    wait, Socket.first_wait = Socket.first_wait, 0.05
    try:
        made.grant = await sign_in(made.adapter, made.context())
        await made.connect()
        made.http.limiter = Limiter(made.clock, _generous(made.adapter.manifest))
        made.http.order_timeout, made.http.read_timeout, made.http.pause = 0.35, 0.35, 0.01
        await made.connection.data.instruments()
        side = made.connection.execution
        assert isinstance(side, BrokerExecution)
        side.recall(())
        await side.connect()
        await eventually(lambda: bool(made.fake.order_sockets) or not made.fake.has_stream)
        yield made
    finally:
        if hasattr(made, "connection"):
            with suppress(asyncio.CancelledError):
                await made.connection.close()
        await made.fake.stop()
        Socket.first_wait = wait
