"""One account at Alpaca: its parts, joined."""

from server.brokers.alpaca.data import AlpacaData
from server.brokers.alpaca.execution import AlpacaExecution
from server.brokers.alpaca.http import alpaca_http
from server.brokers.alpaca.stream import AlpacaStream
from server.brokers.kit.account import HttpAccount
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.domain.brokerage import Event

__all__ = ("AlpacaConnection",)


class AlpacaConnection(HttpAccount):
    """The parts and how they hang together."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        http = alpaca_http(context, manifest)
        events = Fanout[Event]()
        super().__init__(
            http,
            events,
            data=AlpacaData(context, http),
            execution=AlpacaExecution(context, http, events),
            prices=AlpacaStream(http),
        )
