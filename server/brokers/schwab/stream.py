"""Schwab's streamer: one socket for prices and for the news of the account. It signs in by a message, and is told what
to watch when that was answered.

A price carries what changed and nothing else; the market keeps the rest.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence

from server.brokers.kit.http import Call
from server.brokers.kit.occ import read_occ
from server.brokers.kit.prices import PriceStream
from server.brokers.kit.shards import Plan
from server.brokers.kit.stream import Address, Socket
from server.brokers.schwab.http import SchwabHttp
from server.brokers.schwab.parse import decode_stream, streamer
from server.brokers.schwab.wire import StreamerInfo
from server.core.errors import Unauthorised
from server.domain.brokerage import Event, NoticeEvent

__all__ = ("SchwabStream",)

_FIELDS = {"LEVELONE_EQUITIES": "0,1,2,3,4,5,8,9,10,11,12,17", "LEVELONE_OPTIONS": "0,2,3,4,5,6,7,8,9"}
"""As the tables in `stream_parse.py`; field 0 is the symbol and must be asked for."""
_NEWS = "ACCT_ACTIVITY"


class SchwabStream(PriceStream):
    """Implements `kit.ports.Stream`."""

    def __init__(self, http: SchwabHttp, on_news: Callable[[Event], None]) -> None:
        super().__init__(http)
        self._schwab = http
        self._on_news = on_news
        self.on_login: Callable[[], Awaitable[None]] | None = None
        """Called when the account's news are listened for (again): what was before is read."""
        self._info: StreamerInfo | None = None
        self._number = 0
        self._signed_in = False
        self._begun: set[str] = set()
        """Services of which something is watched on this socket: the first list is set, later ones are added."""
        self._asking: set[asyncio.Task[None]] = set()

    async def address(self) -> Address:
        """From the user's preferences, which also name who asks."""
        call = Call(name="session", method="GET", path="/userPreference")
        self._info = streamer(await self.http.read(call))
        return Address(self.http.context.base.get("stream") or self._info.streamerSocketUrl)

    async def greet(self, socket: Socket) -> None:
        """Sign in, with a token that lives; what is watched is told when the answer has come."""
        assert self._info is not None
        self._signed_in, self._number = False, 0
        self._begun.clear()
        parameters = {
            "Authorization": await self._schwab.token(),
            "SchwabClientChannel": self._info.schwabClientChannel,
            "SchwabClientFunctionId": self._info.schwabClientFunctionId,
        }
        await socket.say(self._message("ADMIN", "LOGIN", parameters))

    def messages(self, plan: Plan) -> Iterable[str | bytes]:
        """What to drop and to add, service by service; nothing before the sign-in was answered."""
        if not self._signed_in:
            return
        for service, tokens in _by_service(plan.drop).items():
            yield self._message(service, "UNSUBS", {"keys": ",".join(tokens)})
        for service, tokens in _by_service(plan.add).items():
            command = "ADD" if service in self._begun else "SUBS"
            self._begun.add(service)
            yield self._message(service, command, {"keys": ",".join(tokens), "fields": _FIELDS[service]})

    def read(self, number: int, data: bytes | str, at: int) -> Iterable[Event]:
        """Prices; the account's news go their own way. Raises Unauthorised when the sign-in is denied."""
        events = decode_stream(data)
        for event in events:
            if not isinstance(event, NoticeEvent):
                continue
            if event.kind == "connected" and not self._signed_in:
                self._signed_in = True
                task = asyncio.create_task(self._ask(number))
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)
            elif event.kind == "status":
                self._on_news(event)
            elif event.refusal is not None and event.refusal.kind == "auth":
                raise Unauthorised(
                    "Schwab does not accept the session for its stream.",
                    code="broker.session",
                    remedy="Sign in again on the Connect page.",
                )
        return events

    async def close(self) -> None:
        """As the base."""
        for task in list(self._asking):
            task.cancel()
        await super().close()

    async def _ask(self, number: int) -> None:
        """Signed in: listen for news, and watch what was watched before."""
        socket = self._sockets[number]
        await socket.say(self._message(_NEWS, "SUBS", {"keys": "Account Activity", "fields": "0,1,2,3"}))
        held = Plan((), self.shards.held(number))
        for message in self.messages(held):
            await socket.say(message)
        if self.on_login is not None:
            await self.on_login()

    def _message(self, service: str, command: str, parameters: dict[str, str]) -> str:
        assert self._info is not None
        self._number += 1
        request = {
            "service": service,
            "requestid": str(self._number),
            "command": command,
            "SchwabClientCustomerId": self._info.schwabClientCustomerId,
            "SchwabClientCorrelId": self._info.schwabClientCorrelId,
            "parameters": parameters,
        }
        return json.dumps({"requests": [request]}, separators=(",", ":"))


def _by_service(tokens: Iterable[str]) -> dict[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for token in tokens:
        service = "LEVELONE_EQUITIES" if read_occ(token) is None else "LEVELONE_OPTIONS"
        found.setdefault(service, []).append(token)
    return dict(found)
