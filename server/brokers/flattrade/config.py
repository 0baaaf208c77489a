"""One account at Flattrade: its parts, joined."""

from server.brokers.flattrade.data import FlattradeData
from server.brokers.flattrade.execution import FlattradeExecution
from server.brokers.flattrade.http import flattrade_http
from server.brokers.flattrade.stream import flattrade_stream
from server.brokers.kit.account import HttpAccount
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.brokers.noren.http import NorenHttp
from server.brokers.noren.parse import Noren
from server.domain.brokerage import Event

__all__ = ("FlattradeConnection",)


class FlattradeConnection(HttpAccount):
    """The parts and how they hang together."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        http = flattrade_http(context, manifest)
        noren = NorenHttp(http, Noren(manifest.name))
        events = Fanout[Event]()
        line = flattrade_stream(noren, events.put)  # order updates come over the price socket
        super().__init__(
            http,
            events,
            data=FlattradeData(context, noren),
            execution=FlattradeExecution(context, noren, line, events),
            prices=line,
        )
