"""One account at Zerodha: its parts, joined."""

from server.brokers.kit.account import HttpAccount
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.brokers.zerodha.data import KiteData
from server.brokers.zerodha.execution import KiteExecution
from server.brokers.zerodha.http import kite_http
from server.brokers.zerodha.stream import KiteStream
from server.domain.brokerage import Event

__all__ = ("KiteConnection",)


class KiteConnection(HttpAccount):
    """The parts and how they hang together."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        http = kite_http(context, manifest)
        events = Fanout[Event]()
        ticker = KiteStream(http, events.put)  # order updates come over the price socket
        super().__init__(
            http,
            events,
            data=KiteData(context, http),
            execution=KiteExecution(context, http, ticker, events),
            prices=ticker,
        )
