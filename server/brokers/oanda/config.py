"""One account at OANDA: its parts, joined."""

from server.brokers.kit.account import HttpAccount
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.brokers.oanda.data import OandaData
from server.brokers.oanda.execution import OandaExecution
from server.brokers.oanda.http import oanda_http
from server.brokers.oanda.stream import OandaStream
from server.domain.brokerage import Event

__all__ = ("OandaConnection",)


class OandaConnection(HttpAccount):
    """The parts and how they hang together."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        http = oanda_http(context, manifest)
        events = Fanout[Event]()
        super().__init__(
            http,
            events,
            data=OandaData(context, http),
            execution=OandaExecution(context, http, events),
            prices=OandaStream(http),
        )
