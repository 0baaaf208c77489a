"""Binance's price streams: sockets of combined streams, subscribed by message, a few hundred symbols each."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import msgspec

from server.brokers.binance.http import BinanceHttp
from server.brokers.binance.parse import decode_stream
from server.brokers.kit.shards import Plan, Shards
from server.brokers.kit.stream import Address, Socket
from server.core.errors import SaudaError
from server.domain.brokerage import DepthEvent, Event, QuoteLine, TickEvent

__all__ = ("BinanceStream",)

_STREAMS = {
    "ltp": ("miniTicker",),
    "quote": ("ticker", "bookTicker"),
    "full": ("ticker", "bookTicker", "depth20@100ms"),
}
_ONE_MESSAGE = 100


class BinanceStream:
    """Implements `kit.ports.Stream`."""

    def __init__(self, side: BinanceHttp) -> None:
        facts = side.http.manifest.stream
        assert facts is not None
        self._side = side
        self._shards = Shards(facts.sockets, facts.per_socket)
        self._silence = facts.silence_s
        self._sockets: list[Socket] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._keys: dict[str, str] = {}
        self._modes: dict[str, str] = {}
        self._sink: Callable[[str, Event, int], None] | None = None
        self._over: asyncio.Future[None] | None = None
        self._number = 0
        self.dropped = 0
        """Prices of instruments nobody asked for."""

    @property
    def silent_for(self) -> float:
        """Seconds since the last byte on any socket."""
        return min((socket.silent_for for socket in self._sockets), default=0.0)

    async def run(self, sink: Callable[[str, Event, int], None]) -> None:
        """Hand ticks to `sink` until cancelled. Prices are public: there is no session to refuse."""
        self._sink = sink
        self._over = asyncio.get_running_loop().create_future()
        self._grow(len(self._shards))
        try:
            await self._over
        finally:
            self._sink = None
            await self.close()

    async def watch(self, keys: Sequence[str], mode: str) -> None:
        """Make the watched set exactly `keys`."""
        symbols = self._side.context.symbols
        wanted = {symbols.of(key).symbol: key for key in keys}
        plans = self._shards.assign(dict.fromkeys(wanted, mode))
        old, self._keys = self._modes, wanted
        self._modes = dict.fromkeys(wanted, mode)
        if self._sink is None:
            return
        self._grow(len(plans))
        for socket, plan in zip(self._sockets, plans, strict=False):
            again = {name: old[name] for name in plan.add if name in old}
            for message in self._messages(plan, old, again):
                await socket.say(message)

    async def close(self) -> None:
        """Take every socket down."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError, SaudaError):
                await task
        self._tasks.clear()
        self._sockets.clear()

    def _grow(self, count: int) -> None:
        while len(self._sockets) < count:
            number = len(self._sockets)

            async def opened(socket: Socket, number: int = number) -> None:
                for message in self._messages(Plan((), self._shards.held(number)), {}, {}):
                    await socket.say(message)

            name = f"binance:{number}"
            socket = Socket(
                self._side.http, name, self._address, opened, self._heard, silence=self._silence, beat=(15.0, None)
            )
            self._sockets.append(socket)
            self._tasks.append(asyncio.create_task(socket.run(), name=name))

    async def _address(self) -> Address:
        return Address(self._side.http.address(self._side.name("stream")))

    def _messages(self, plan: Plan, old: dict[str, str], again: dict[str, str]) -> list[str]:
        drop = {name: old.get(name, "full") for name in plan.drop} | again
        found = []
        for method, names in (("UNSUBSCRIBE", drop), ("SUBSCRIBE", plan.add)):
            params = [
                f"{name.lower()}@{word}" for name, mode in names.items() for word in _STREAMS.get(mode, ("ticker",))
            ]
            for at in range(0, len(params), _ONE_MESSAGE):
                self._number += 1
                message = {"method": method, "params": params[at : at + _ONE_MESSAGE], "id": self._number}
                found.append(msgspec.json.encode(message).decode())
        return found

    def _heard(self, data: bytes | str, at: int) -> None:
        for event in decode_stream(data):
            if isinstance(event, DepthEvent) and event.snapshot:
                line = QuoteLine(symbol=event.symbol, bids=event.bids, asks=event.asks, at=event.at)
                event = TickEvent(quote=line, mode="depth", snapshot=False)
            if isinstance(event, TickEvent):
                key = self._keys.get(event.quote.symbol)
                if key is None:
                    self.dropped += 1
                elif self._sink is not None:
                    self._sink(key, event, at)
