"""The streamer of the fake Schwab: one socket that signs in, is told what to watch, and carries prices and news.

A price tells what changed since the last one of its instrument on that socket.
"""

import json
from itertools import count
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.brokers.exchange import FakeOrder

if TYPE_CHECKING:
    from tests.brokers.schwab import FakeSchwab

__all__ = ("Streamer",)

_NUMBERS = {
    "LEVELONE_EQUITIES": {"1": "bid", "2": "ask", "3": "ltp", "8": "volume", "10": "high", "11": "low", "12": "close"},
    "LEVELONE_OPTIONS": {"2": "bid", "3": "ask", "4": "ltp", "5": "high", "6": "low", "7": "close", "8": "volume"},
}
_WORKED = {"SUBS": 26, "UNSUBS": 27, "ADD": 28, "VIEW": 29}
_WORDS = {"FILLED": "OrderFillCompleted", "CANCELLED": "OrderUROutCompleted", "REJECTED": "OrderRejected"}
CUSTOMER, CORRELATION = "CUSTID123", "abc-123"


class Streamer:
    """Speaks on the sockets of one fake."""

    def __init__(self, fake: "FakeSchwab") -> None:
        self._fake = fake
        self._watched: dict[web.WebSocketResponse, dict[str, set[str]]] = {}
        self._last: dict[tuple[int, str], dict[str, Any]] = {}
        self._news = count(1)

    def info(self, ws: str) -> dict[str, str]:
        """How to reach it, as the user's preferences tell."""
        return {
            "streamerSocketUrl": f"{ws}/ws",
            "schwabClientCustomerId": CUSTOMER,
            "schwabClientCorrelId": CORRELATION,
            "schwabClientChannel": "N9",
            "schwabClientFunctionId": "APIAPP",
        }

    def watching(self) -> int:
        """Instruments watched, over all sockets."""
        return sum(len(names) for services in self._watched.values() for names in services.values())

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One socket, from its sign-in on."""
        fake = self._fake
        if fake.refuse_sockets:
            return web.Response(status=503)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        try:
            async for message in ws:
                for asked in json.loads(message.data)["requests"]:
                    if not await self._answer(ws, asked):
                        return ws
        finally:
            fake.order_sockets.discard(ws)
            fake.price_sockets.discard(ws)
            self._watched.pop(ws, None)
        return ws

    async def _answer(self, ws: web.WebSocketResponse, asked: dict[str, Any]) -> bool:
        service, command, parameters = asked["service"], asked["command"], asked["parameters"]
        code, text = _WORKED.get(command, 0), f"{command} command succeeded"
        ours = (asked["SchwabClientCustomerId"], asked["SchwabClientCorrelId"]) == (CUSTOMER, CORRELATION)
        if command == "LOGIN":
            good = ours and self._fake.valid(parameters["Authorization"])
            code, text = (
                (0, "server=fake;status=NP") if good else (3, "Login Denied.: token is invalid or has expired.")
            )
        elif ws not in self._watched:
            code, text = 20, "Connection not found"
        answer = {
            "service": service,
            "command": command,
            "requestid": asked["requestid"],
            "SchwabClientCorrelId": CORRELATION,
            "timestamp": self._now(),
            "content": {"code": code, "msg": text},
        }
        await ws.send_str(json.dumps({"response": [answer]}))
        if code in (3, 20):
            return False
        if command == "LOGIN":
            self._watched[ws] = {}
            self._fake.price_sockets.add(ws)
        elif service == "ACCT_ACTIVITY":
            self._fake.order_sockets.add(ws)
        else:
            await self._watch(ws, service, command, parameters["keys"].split(","), parameters.get("fields", ""))
        return True

    async def _watch(
        self, ws: web.WebSocketResponse, service: str, command: str, names: list[str], fields: str
    ) -> None:
        held = self._watched[ws].setdefault(service, set())
        if command == "UNSUBS":
            held.difference_update(names)
            return
        assert fields.split(",")[0] == "0", "the symbol must be asked for"
        if command == "SUBS":
            held.clear()
        held.update(names)
        for name in names:
            self._last.pop((id(ws), name), None)
            if (key := self._fake.keys.get(name)) is not None:
                await ws.send_str(self._price(ws, service, key))

    def price(self, key: str) -> None:
        """A price moved."""
        name = self._fake.symbols[key]
        for ws, services in list(self._watched.items()):
            for service, names in services.items():
                if name in names:
                    self._fake.push({ws}, self._price(ws, service, key))

    def tell(self, order: FakeOrder) -> None:
        """Something happened to an order: what it was stands in a text that nobody should rely on."""
        word = _WORDS.get(order.state, "OrderAccepted" if not order.filled else "ExecutionCreated")
        body = json.dumps({"SchwabOrderID": order.id, "AccountNumber": "12345678"})
        content = {"seq": next(self._news), "key": "Account Activity", "1": "12345678", "2": word, "3": body}
        self._fake.push(self._fake.order_sockets, self._data("ACCT_ACTIVITY", content), order=True)

    def beat(self) -> None:
        """The heartbeat."""
        self._fake.push(self._fake.price_sockets, json.dumps({"notify": [{"heartbeat": str(self._now())}]}))

    def _price(self, ws: web.WebSocketResponse, service: str, key: str) -> str:
        book, name = self._fake.exchange.books[key], self._fake.symbols[key]
        now = {number: float(getattr(book, field)) for number, field in _NUMBERS[service].items()}
        before = self._last.get((id(ws), name), {})
        self._last[id(ws), name] = now
        changed = {number: value for number, value in now.items() if before.get(number) != value}
        return self._data(service, {"key": name, "delayed": False, **changed})

    def _data(self, service: str, content: dict[str, Any]) -> str:
        row = {"service": service, "timestamp": self._now(), "command": "SUBS", "content": [content]}
        return json.dumps({"data": [row]})

    def _now(self) -> int:
        return int(self._fake.clock.now().timestamp() * 1000)
