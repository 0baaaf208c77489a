"""Upstox's two sockets: market data (protocol buffers) and the portfolio (orders, as JSON text).

Each connect needs a fresh address, handed out once by an authorised call. Requests are JSON in binary frames.
"""

from collections.abc import Iterable

import msgspec

from server.brokers.kit.http import Call, Http
from server.brokers.kit.prices import PriceStream
from server.brokers.kit.reading import Reader
from server.brokers.kit.shards import Plan
from server.brokers.kit.stream import Address
from server.brokers.kit.symbols import Listing
from server.brokers.upstox.parse import decode_stream
from server.domain.brokerage import Event

__all__ = ("UpstoxStream", "authorised")

_ONE_MESSAGE = 500
_MODES = {"ltp": "ltpc", "quote": "full", "full": "full"}


class _Where(msgspec.Struct):
    authorized_redirect_uri: str


class _Answer(msgspec.Struct):
    data: _Where


_reader: Reader[_Answer] = Reader("upstox", "authorise", _Answer)


async def authorised(http: Http, path: str, query: tuple[tuple[str, str], ...] = ()) -> Address:
    """A single-use address of a socket; raises Unauthorised where the session is over."""
    body = await http.read(Call(name="authorise", method="GET", path=path, query=query))
    return Address(_reader(body).data.authorized_redirect_uri)


class UpstoxStream(PriceStream):
    """Implements `kit.ports.Stream`."""

    def __init__(self, http: Http) -> None:
        super().__init__(http)
        self._asked = 0

    async def address(self) -> Address:
        """Market data feed v3."""
        return await authorised(self.http, "/v3/feed/market-data-feed/authorize")

    def mode(self, wanted: str, listing: Listing) -> str:
        """Indices have no book: full all the same."""
        return _MODES.get(wanted, wanted)

    def read(self, number: int, data: bytes | str, at: int) -> Iterable[Event]:
        """Prices and market status."""
        return decode_stream(data)

    def messages(self, plan: Plan) -> Iterable[str | bytes]:
        """Drops, then subscriptions by mode."""
        for at in range(0, len(plan.drop), _ONE_MESSAGE):
            yield self._message("unsub", "", list(plan.drop[at : at + _ONE_MESSAGE]))
        by_mode: dict[str, list[str]] = {}
        for token, mode in plan.add.items():
            by_mode.setdefault(mode, []).append(token)
        for mode, tokens in by_mode.items():
            for at in range(0, len(tokens), _ONE_MESSAGE):
                yield self._message("sub", mode, tokens[at : at + _ONE_MESSAGE])

    def _message(self, method: str, mode: str, keys: list[str]) -> bytes:
        self._asked += 1
        data: dict[str, object] = {"instrumentKeys": keys}
        if mode:
            data["mode"] = mode
        return msgspec.json.encode({"guid": f"sauda{self._asked}", "method": method, "data": data})
