"""OANDA's price stream: one line over HTTP whose address names the instruments, so that a new set means a new line."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from server.brokers.kit.http import Http
from server.brokers.kit.stream import Address, Socket
from server.brokers.oanda.http import account_path, place_of, signed
from server.brokers.oanda.lines import Lines
from server.brokers.oanda.parse import decode_stream
from server.core.errors import Denied, SaudaError
from server.domain.brokerage import Event, TickEvent

__all__ = ("OandaStream",)


class OandaStream:
    """Implements `kit.ports.Stream`."""

    def __init__(self, http: Http) -> None:
        facts = http.manifest.stream
        assert facts is not None
        self._http = http
        self._room = facts.per_socket
        self._silence = facts.silence_s
        self._keys: dict[str, str] = {}
        self._line: Lines | None = None
        self._sink: Callable[[str, Event, int], None] | None = None
        self._wanted = asyncio.Event()
        self.dropped = 0
        """Prices of instruments nobody asked for."""

    @property
    def silent_for(self) -> float:
        """Seconds since the last byte."""
        return self._line.silent_for if self._line is not None else 0.0

    async def run(self, sink: Callable[[str, Event, int], None]) -> None:
        """Hand ticks to `sink` until cancelled; raises Unauthorised when the token is refused."""
        self._sink = sink
        name = "oanda:prices"
        self._line = Lines(self._http, name, self._address, self._opened, self._heard, silence=self._silence)
        task = asyncio.create_task(self._line.run(), name=name)
        try:
            await task
        finally:
            self._sink = None
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, SaudaError):
                await task

    async def watch(self, keys: Sequence[str], mode: str) -> None:
        """Make the watched set exactly `keys`; every message carries the whole book, whatever the mode."""
        wanted = {self._http.context.symbols.of(key).symbol: key for key in keys}
        if len(wanted) > self._room:
            raise Denied(
                f"{len(wanted)} instruments are more than the {self._room} asked of one line.",
                code="broker.stream_full",
                limit=self._room,
                value=len(wanted),
                remedy="Watch fewer instruments, or let another broker carry some.",
            )
        changed = set(wanted) != set(self._keys)
        self._keys = wanted
        if wanted:
            self._wanted.set()
        else:
            self._wanted.clear()
        if changed and self._line is not None:
            self._line.renew()

    async def close(self) -> None:
        """Drop the line."""
        if self._line is not None:
            self._line.renew()

    async def _address(self) -> Address:
        await self._wanted.wait()
        context = self._http.context
        base = self._http.address(place_of(context, "stream"))
        query = urlencode({"instruments": ",".join(self._keys), "snapshot": "true"})
        return Address(f"{base}{account_path(context, '/pricing/stream')}?{query}", signed(context))

    async def _opened(self, socket: Socket) -> None:
        """The address said it all."""

    def _heard(self, data: bytes | str, at: int) -> None:
        for event in decode_stream(data):
            if isinstance(event, TickEvent):
                key = self._keys.get(event.quote.symbol)
                if key is None:
                    self.dropped += 1
                elif self._sink is not None:
                    self._sink(key, event, at)
