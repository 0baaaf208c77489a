"""One account at FYERS: its parts, joined."""

from server.brokers.fyers.data import FyersData
from server.brokers.fyers.execution import FyersExecution
from server.brokers.fyers.http import fyers_http
from server.brokers.fyers.stream import FyersStream
from server.brokers.kit.account import HttpAccount
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.domain.brokerage import Event

__all__ = ("FyersConnection",)


class FyersConnection(HttpAccount):
    """The parts and how they hang together."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        http = fyers_http(context, manifest)
        events = Fanout[Event]()
        super().__init__(
            http,
            events,
            data=FyersData(context, http),
            execution=FyersExecution(context, http, events.put),
            prices=FyersStream(http),
        )
