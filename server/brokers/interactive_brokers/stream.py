"""Live prices: one subscription a contract, up to the hundred lines every account has."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from server.brokers.interactive_brokers import objects
from server.brokers.interactive_brokers.data import contract_of
from server.brokers.interactive_brokers.http import Gateway
from server.brokers.interactive_brokers.parse import decode_stream
from server.core.clock import to_ns
from server.core.errors import Denied, Unavailable
from server.domain.brokerage import Event, TickEvent

if TYPE_CHECKING:
    from ib_async import IB, Contract

__all__ = ("GatewayStream",)

_PAUSE = 1.0
_LOST = 1101
"""The gateway had lost its servers and is back, without the subscriptions."""
_LIVE = 1


class GatewayStream:
    """Implements `kit.ports.Stream`. The order side brings the line up again; here it is subscribed anew."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._room = gateway.manifest.stream.per_socket if gateway.manifest.stream else 100
        self._wanted: dict[str, Contract] = {}
        self._on: dict[str, Contract] = {}
        self._keys: dict[int, str] = {}
        self._client: IB | None = None
        self._sink: Callable[[str, Event, int], None] | None = None
        self._heard = 0.0

    async def run(self, sink: Callable[[str, Event, int], None]) -> None:
        """Hand on prices until cancelled."""
        clock = self._gateway.context.clock
        self._sink, self._heard = sink, clock.monotonic()
        try:
            while True:
                try:
                    client = self._gateway.client
                except Unavailable:
                    self._leave()
                else:
                    if client is not self._client:
                        self._enter(client)
                    self._subscribe()
                await clock.sleep(_PAUSE)
        finally:
            self._leave()
            self._sink = None

    async def watch(self, keys: Sequence[str], mode: str) -> None:
        """Make the watched set exactly `keys`; every mode brings quotes. Raises Denied for more than the lines."""
        if len(keys) > self._room:
            raise Denied(
                f"{len(keys)} instruments are more than the {self._room} that Interactive Brokers carries.",
                code="broker.stream_full",
                limit=self._room,
                value=len(keys),
                remedy="Watch fewer instruments, or let another broker carry some.",
            )
        symbols = self._gateway.context.symbols
        self._wanted = {key: contract_of(symbols.of(key)) for key in keys}
        if self._client is not None and self._client.isConnected():
            self._subscribe()

    @property
    def silent_for(self) -> float:
        """Seconds since the gateway last said anything."""
        return self._gateway.context.clock.monotonic() - self._heard

    def _enter(self, client: "IB") -> None:
        self._client = client
        client.reqMarketDataType(_LIVE)  # delayed prices would pass for live ones
        client.updateEvent += self._lives
        client.pendingTickersEvent += self._priced
        client.errorEvent += self._erred
        client.disconnectedEvent += self._cut

    def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.updateEvent -= self._lives
            client.pendingTickersEvent -= self._priced
            client.errorEvent -= self._erred
            client.disconnectedEvent -= self._cut
            if client.isConnected():
                for contract in self._on.values():
                    client.cancelMktData(contract)
        self._on.clear()

    def _subscribe(self) -> None:
        client = self._client
        assert client is not None
        for key in [key for key in self._on if key not in self._wanted]:
            client.cancelMktData(self._on.pop(key))
        for key, contract in self._wanted.items():
            if key not in self._on:
                self._on[key] = contract
                self._keys[contract.conId] = key
                client.reqMktData(contract)

    def _cut(self) -> None:
        self._on.clear()

    def _lives(self) -> None:
        self._heard = self._gateway.context.clock.monotonic()

    def _priced(self, tickers: Any) -> None:
        received = to_ns(self._gateway.context.clock.now())
        for row in tickers:
            key = self._keys.get(row.contract.conId) if row.contract is not None else None
            if key is None or key not in self._on or self._sink is None:
                continue
            for event in decode_stream(objects.frame("ticker", objects.ticker(row))):
                if isinstance(event, TickEvent):
                    self._sink(key, event, received)

    def _erred(self, number: int, code: int, text: str, contract: Any) -> None:
        if code == _LOST:
            self._on.clear()
            self._subscribe()
