"""FYERS' market data socket: one for 5,000 symbols, binary both ways.

Books travel as topics of their own beside the prices. Data frames are acknowledged now and then, as the official
client does; a ping goes out every ten seconds.
"""

from collections.abc import Iterable

from server.brokers.fyers import hsm
from server.brokers.kit.http import Http
from server.brokers.kit.prices import PriceStream
from server.brokers.kit.shards import Plan
from server.brokers.kit.stream import Address, Socket
from server.brokers.kit.symbols import Listing
from server.core.errors import Unauthorised
from server.domain.brokerage import Event, NoticeEvent

__all__ = ("FyersStream",)

_ONE_MESSAGE = 1_000


class FyersStream(PriceStream):
    """Implements `kit.ports.Stream`."""

    beat = (10.0, hsm.PING)

    def __init__(self, http: Http) -> None:
        super().__init__(http)
        self._decoder = hsm.HsmDecoder()
        self._modes: dict[str, str] = {}

    async def address(self) -> Address:
        """The socket signs in by a message."""
        self._feed_key()
        return Address(self.http.address("stream"))

    async def greet(self, socket: Socket) -> None:
        """A new line knows no topics: a new decoder."""
        self._decoder = hsm.HsmDecoder()
        await socket.say(hsm.auth(self._feed_key()))
        await socket.say(hsm.mode(True))

    def read(self, number: int, data: bytes | str, at: int) -> Iterable[Event]:
        """Prices and books; a refused sign-in ends the line."""
        if isinstance(data, str):
            return ()
        events = self._decoder.decode(data)
        for event in events:
            if isinstance(event, NoticeEvent) and event.refusal is not None and event.refusal.kind == "auth":
                raise _dead()
        return events

    def messages(self, plan: Plan) -> Iterable[str | bytes]:
        """Drops first, then subscriptions."""
        dropped = [name for token in plan.drop for name in self._topics(token, self._modes.pop(token, "full"))]
        self._modes.update(plan.add)
        added = [name for token, mode in plan.add.items() for name in self._topics(token, mode)]
        for names, add in ((dropped, False), (added, True)):
            for at in range(0, len(names), _ONE_MESSAGE):
                yield hsm.subscription(names[at : at + _ONE_MESSAGE], add=add)

    def mode(self, wanted: str, listing: Listing) -> str:
        """Indices have no book."""
        return "index" if listing.instrument.kind == "INDEX" else wanted

    def _topics(self, token: str, mode: str) -> list[str]:
        if mode == "index":
            return [f"if|{token}"]
        return [f"sf|{token}", f"dp|{token}"] if mode == "full" else [f"sf|{token}"]

    def _feed_key(self) -> str:
        session = self.http.context.session
        if session is None or not session.feed_token:
            raise _dead()
        return session.feed_token


def _dead() -> Unauthorised:
    return Unauthorised(
        "FYERS does not accept the session for its stream.",
        code="broker.session",
        remedy="Sign in again on the Connect page.",
    )
