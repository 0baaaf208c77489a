"""What every fake broker shares: an HTTP and WebSocket server on loopback, faults to switch on, streams to push on.

A fake names its routes by call (`place`, `orders`, ...): faults are switched per call. It counts calls, so that a test
can prove that nothing was sent twice.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import WSCloseCode, web

from server.core.clock import Clock, SystemClock
from server.domain.instruments import Instrument
from tests.brokers.exchange import FakeExchange, FakeOrder, FakeTrade

__all__ = ("FAULTS", "FakeBroker", "Faults", "Handler")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

Kind = Literal[
    "hang_before", "hang_after", "500_before", "500_after", "429", "reset_before", "reset_after", "half_body",
    "slow_body", "html", "html_500", "empty", "wrong_type", "garbage", "late",
]  # fmt: skip
FAULTS: dict[str, str] = {
    "hang_before": "no answer, and nothing was taken",
    "hang_after": "taken, and no answer",
    "500_before": "HTTP 500, and nothing was taken",
    "500_after": "taken, and HTTP 500",
    "429": "too many requests, and nothing was taken",
    "reset_before": "connection reset before anything was taken",
    "reset_after": "taken, and the connection reset",
    "half_body": "taken, and half an answer",
    "slow_body": "taken, and an answer that drips too slowly",
    "html": "taken, and a page of HTML with status 200",
    "html_500": "taken, and a gateway's page with status 502",
    "empty": "taken, and an empty answer",
    "wrong_type": "taken, and JSON of another type",
    "garbage": "taken, and bytes that are no JSON",
    "late": "taken, and the answer after `seconds`",
}
TAKEN = frozenset(FAULTS) - {"hang_before", "500_before", "429", "reset_before"}
"""Faults after which the broker has the order."""


@dataclass
class _Fault:
    kind: Kind
    left: int
    seconds: float


@dataclass
class Faults:
    """Which calls go wrong, how, and how often still."""

    waiting: dict[str, list[_Fault]] = field(default_factory=dict)

    def add(self, call: str, kind: Kind, times: int = 1, seconds: float = 60.0) -> None:
        """Let the next `times` calls of a name go wrong (`*` = any call)."""
        self.waiting.setdefault(call, []).append(_Fault(kind, times, seconds))

    def clear(self) -> None:
        """All well again."""
        self.waiting.clear()

    def take(self, call: str) -> _Fault | None:
        """The fault for this call, used up by one."""
        for name in (call, "*"):
            for fault in self.waiting.get(name, []):
                if fault.left > 0:
                    fault.left -= 1
                    return fault
        return None


class FakeBroker:
    """A broker on loopback. Subclasses add routes with `route` and speak their wire on `sockets`.

    `stream_fault`: "" as it should be; "mute" says nothing; "twice" says everything twice; "late" keeps back each
    message until the next one went out; "cut" halves every binary message; "garbage" sends noise first.
    """

    name = ""
    has_stream = True
    """Whether it pushes order updates."""
    share = "NSE:SBIN"
    """A liquid instrument near 800.00 with a tick of 0.05, for the contract suite."""
    too_many: tuple[int, str] = (429, "")
    """Status and body of a refusal for speed, in the broker's own form."""

    def __init__(self, exchange: FakeExchange, clock: Clock | None = None) -> None:
        self.exchange = exchange
        self.clock = clock or SystemClock()
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.stream_fault = ""
        self.pushed = 0
        """Order updates sent out on streams."""
        self.order_sockets: set[web.WebSocketResponse] = set()
        self.price_sockets: set[web.WebSocketResponse] = set()
        self.refuse_sockets = False
        self.app = web.Application(middlewares=[self._faulty])
        self._runner: web.AppRunner | None = None
        self._late: list[tuple[web.WebSocketResponse, str | bytes]] = []
        self._queue: asyncio.Queue[tuple[web.WebSocketResponse, str | bytes]] = asyncio.Queue()
        self._sender: asyncio.Task[None] | None = None
        self.port = 0
        exchange.listen(self.on_order)
        exchange.listen_prices(self.on_price)
        self.app.router.add_route("*", "/_fake/{what}", self._control)

    # what a broker writes

    def credentials(self) -> dict[str, str]:
        """Demo credentials, by the names of the manifest's login fields."""
        raise NotImplementedError

    def base(self) -> Mapping[str, str]:
        """Addresses that override the manifest's."""
        raise NotImplementedError

    def expire(self) -> None:
        """End every session: calls are refused from now on until a new sign-in."""
        raise NotImplementedError

    def on_order(self, order: FakeOrder, trade: FakeTrade | None) -> None:
        """An order changed: say so on the order stream."""

    def on_price(self, key: str) -> None:
        """A price changed: say so on the price stream."""

    # what differs between brokers, for the contract suite

    product = "CNC"
    """Of an order made elsewhere."""
    shorts = True
    """Whether what is not held may be sold."""
    revokes = True
    """Whether signing out ends the session at the broker."""
    callback = ""
    """Where its login page sends one back, where that cannot be what the command line says."""
    silent: frozenset[str] = frozenset()
    """Commands whose good answer is an empty one: for them the fault `empty` is none."""
    serves: Mapping[str, str] = {}
    """Reads that are answered by another call's route."""
    sessions = True
    """Whether there are sessions that end: a gateway that lost its own is only unreachable."""

    def tag(self, client_id: str) -> str:
        """Our id as orders carry it here."""
        return client_id

    def orders_of(self, client_id: str) -> list[FakeOrder]:
        """Orders that came of a submit under our id; of all of them where it is not kept."""
        return self.exchange.by_tag(self.tag(client_id))

    def takes(self, product: str) -> bool:
        """Whether orders in the suite's share may have a product."""
        return True

    def arrives(self, kind: str) -> str:
        """As which type an order of ours comes here: some brokers refuse market orders from an API."""
        return kind

    def read_product(self, product: str) -> str:
        """What a product of ours reads as when it comes back for the suite's share."""
        return product

    def quotes(self, instrument: Instrument) -> bool:
        """Whether it tells prices of an instrument."""
        return True

    def watching(self) -> int:
        """Subscriptions of all price sockets."""
        raise NotImplementedError

    # serving

    def route(self, method: str, path: str, call: str, handler: Handler) -> None:
        """Add a route under a call's name (several routes may share one)."""

        async def named(request: web.Request) -> web.StreamResponse:
            return await handler(request)

        named.__dict__["call"] = call
        self.app.router.add_route(method, path, named)

    async def start(self, port: int = 0) -> None:
        """Listen on loopback."""
        self._runner = web.AppRunner(self.app, shutdown_timeout=0.02, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._sender = asyncio.create_task(self._send())

    async def stop(self) -> None:
        """Stop, closing every socket."""
        if self._sender is not None:
            self._sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender
        for ws in [*self.order_sockets, *self.price_sockets]:
            with contextlib.suppress(OSError, RuntimeError):
                await asyncio.wait_for(ws.close(code=WSCloseCode.GOING_AWAY), 1)
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def http(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        """`ws://127.0.0.1:port`."""
        return f"ws://127.0.0.1:{self.port}"

    # streams

    def push(self, sockets: set[web.WebSocketResponse], message: str | bytes, *, order: bool = False) -> None:
        """Send a message to sockets, as the stream fault says."""
        for ws in list(sockets):
            if ws.closed or self.stream_fault == "mute":
                continue
            out = message[: len(message) // 2] if self.stream_fault == "cut" and isinstance(message, bytes) else message
            if self.stream_fault == "garbage":
                self._queue.put_nowait((ws, b"\xff\x00garbage"))
                self._queue.put_nowait((ws, "{not json"))
            if self.stream_fault == "late":
                self._late.append((ws, out))
                if len(self._late) < 2:
                    asyncio.get_running_loop().call_later(0.05, self._flush, order)
                    continue
                held = self._late.pop(0)
                self._put(*self._late.pop(0), order)
                self._put(*held, order)
                continue
            self._put(ws, out, order)
            if self.stream_fault == "twice":
                self._put(ws, out, order)

    def _flush(self, order: bool) -> None:
        """Nothing is lost by being late."""
        while self._late:
            self._put(*self._late.pop(0), order)

    def _put(self, ws: web.WebSocketResponse, message: str | bytes, order: bool) -> None:
        self.pushed += order
        self._queue.put_nowait((ws, message))

    async def _send(self) -> None:
        while True:
            ws, message = await self._queue.get()
            with contextlib.suppress(OSError, RuntimeError):
                await (ws.send_str(message) if isinstance(message, str) else ws.send_bytes(message))

    def cut(self) -> None:
        """Cut every stream without a word."""
        for ws in [*self.order_sockets, *self.price_sockets]:
            writer = ws._writer
            if writer is not None and writer.transport is not None:
                writer.transport.abort()

    def beat(self) -> None:
        """Say that the streams live, where the broker does."""

    # a hand on it from outside

    async def _control(self, request: web.Request) -> web.Response:
        """`/_fake/fault?call=place&kind=hang_after&times=1`, `/_fake/market?key=&bid=&ask=&quantity=`,
        `/_fake/stream?fault=mute`, `/_fake/clear`, `/_fake/cut`, `/_fake/expire`, `/_fake/state`."""
        asked = request.query
        match request.match_info["what"]:
            case "fault":
                kind: Any = asked["kind"]
                if kind not in FAULTS:
                    return web.json_response({"faults": FAULTS}, status=400)
                self.faults.add(asked["call"], kind, int(asked.get("times", "1")), float(asked.get("seconds", "60")))
            case "market":
                self.exchange.market(asked["key"], asked["bid"], asked["ask"], int(asked.get("quantity", "100")))
            case "stream":
                self.stream_fault = asked.get("fault", "")
            case "clear":
                self.faults.clear()
                self.stream_fault = ""
            case "cut":
                self.cut()
            case "expire":
                self.expire()
        orders = [
            {"id": o.id, "key": o.key, "tag": o.tag, "state": o.state, "quantity": o.quantity, "filled": o.filled}
            for o in self.exchange.orders.values()
        ]
        return web.json_response({"submits": self.exchange.submits, "calls": dict(self.calls), "orders": orders})

    # faults

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        call = getattr(request.match_info.handler, "call", "")
        self.calls[call] += 1
        fault = self.faults.take(call) if call else None
        if fault is None:
            return await handler(request)
        match fault.kind:
            case "hang_before":
                await self._hang(request, fault.seconds)
                return web.Response()  # whoever asked has gone: what hung is never carried out
            case "500_before":
                return web.Response(status=500, text="")
            case "429":
                status, body = self.too_many
                return web.Response(status=status, text=body, content_type="application/json")
            case "reset_before":
                self._reset(request)
                return web.Response()
        answer = await handler(request)
        assert isinstance(answer, web.Response)
        match fault.kind:
            case "hang_after" | "late":
                await self._hang(request, fault.seconds)
                return answer
            case "500_after":
                return web.Response(status=500, text="")
            case "reset_after":
                self._reset(request)
            case "html":
                return web.Response(text="<html><body>Service unavailable</body></html>", content_type="text/html")
            case "html_500":
                return web.Response(status=502, text="<html>Bad gateway</html>", content_type="text/html")
            case "empty":
                return web.Response(text="")
            case "wrong_type":
                return web.Response(
                    text='"a word"' if answer.text != '"a word"' else "[1]", content_type="application/json"
                )
            case "garbage":
                return web.Response(body=b"\x00\xff{{{", content_type="application/json")
            case "half_body" | "slow_body":
                return await self._half(request, answer, fault)
        return answer

    async def _half(self, request: web.Request, answer: web.Response, fault: _Fault) -> web.StreamResponse:
        body = (answer.text or "").encode() if isinstance(answer.text, str) else b"{}"
        out = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": "application/json"})
        await out.prepare(request)
        await out.write(body[: max(1, len(body) // 2)])
        if fault.kind == "slow_body":
            await self._hang(request, fault.seconds)
        self._reset(request)
        return out

    async def _hang(self, request: web.Request, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end and request.transport is not None and not request.transport.is_closing():
            await self.clock.sleep(0.02)

    def _reset(self, request: web.Request) -> None:
        if request.transport is not None:
            request.transport.abort()
