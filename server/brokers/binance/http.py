"""How Binance wants to be called: the key in a header, a signature over the exact text of the query.

Spot and USD-M are two services; an account here is in one of them. Time comes from our clock and the difference to
theirs, which is measured when the connection opens.
"""

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import quote, urlencode

import msgspec

from server.brokers.binance.parse import PARSERS
from server.brokers.kit.http import Call, Http
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.brokers.kit.reading import Reader

__all__ = ("BinanceHttp", "Method", "is_futures")

_WINDOW = "10000"
"""Milliseconds a signed call is good for: our own limits may hold it back for some of them."""
Method = str


class _Time(msgspec.Struct, frozen=True):
    server: int = msgspec.field(name="serverTime")


_TIME: Reader[_Time] = Reader("binance", "time", _Time)


def is_futures(context: Context) -> bool:
    """Whether the account is USD-M."""
    return context.credentials.get("market", "").strip().lower() == "usdm"


class BinanceHttp:
    """Signed and public calls of one account."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        self.context = context
        self.futures = is_futures(context)
        self.http = Http(
            context, manifest, PARSERS["error"], lambda: {"X-MBX-APIKEY": context.credentials.get("api_key", "")}
        )
        self._offset: int | None = None

    def name(self, plain: str) -> str:
        """The manifest's name of an address."""
        return f"{plain}_usdm" if self.futures and plain not in self.context.base else plain

    def path(self, spot: str, futures: str = "") -> str:
        """The path of a call in the account's service."""
        return f"/fapi/v1/{futures or spot}" if self.futures else f"/api/v3/{spot}"

    async def ready(self) -> None:
        """Know the difference between the clocks."""
        if self._offset is None:
            call = Call(name="time", method="GET", path=self.path("time"), address=self.name("rest"))
            theirs = _TIME(await self.http.read(call)).server
            self._offset = theirs - int(self.context.clock.now().timestamp() * 1000)

    def signed_query(self, values: Sequence[tuple[str, str]]) -> str:
        """The query with time and signature."""
        now = int(self.context.clock.now().timestamp() * 1000) + (self._offset or 0)
        text = urlencode([*values, ("recvWindow", _WINDOW), ("timestamp", str(now))], quote_via=quote, safe="")
        return f"{text}&signature={self.sign(text)}"

    def sign(self, text: str) -> str:
        """HMAC-SHA256 of a text, in hex."""
        key = self.context.credentials.get("secret_key", "").encode()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    async def read(self, name: str, path: str, values: Sequence[tuple[str, str]] = ()) -> bytes:
        """A signed read."""
        await self.ready()
        call = Call(
            name=name, method="GET", path=f"{path}?{self.signed_query(values)}", address=self.name("rest"), quoted=True
        )
        return await self.http.read(call)

    async def listen_key(self, method: Method) -> bytes:
        """Open (POST) the key that names the user stream of USD-M, or give a sign of life for it (PUT)."""
        await self.ready()
        call = Call(
            name="session",
            method="POST" if method == "POST" else "PUT",
            path=f"/fapi/v1/listenKey?{self.signed_query(())}",
            address=self.name("rest"),
            quoted=True,
        )
        return await self.http.ask(call)

    async def public(self, name: str, path: str, query: Sequence[tuple[str, str]], most: int = 0) -> bytes:
        """A read anyone may do."""
        call = Call(
            name=name, method="GET", path=path, address=self.name("rest"), group="quotes", query=query, anonymous=True
        )
        return await self.http.read(msgspec.structs.replace(call, most=most) if most else call)

    async def command(
        self, name: str, method: Method, path: str, values: Sequence[tuple[str, str]], *, always: bool = False
    ) -> bytes:
        """An order command, sent once."""
        word = {"POST": "POST", "PUT": "PUT", "DELETE": "DELETE"}[method]
        call = Call(
            name=name,
            method=word,  # type: ignore[arg-type]
            path=f"{path}?{self.signed_query(values)}",
            address=self.name("rest"),
            group="orders",
            quoted=True,
        )
        return await self.http.order(call, always=always)
