"""One account at Binance: its parts, joined."""

from server.brokers.binance.data import BinanceData
from server.brokers.binance.execution import BinanceExecution
from server.brokers.binance.http import BinanceHttp
from server.brokers.binance.stream import BinanceStream
from server.brokers.kit.account import HttpAccount
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.domain.brokerage import Event

__all__ = ("BinanceConnection",)


class BinanceConnection(HttpAccount):
    """The parts and how they hang together."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        side = BinanceHttp(context, manifest)
        events = Fanout[Event]()
        super().__init__(
            side.http,
            events,
            data=BinanceData(context, side),
            execution=BinanceExecution(context, side, events),
            prices=BinanceStream(side),
        )
