"""One account at Schwab: its parts, joined."""

from server.brokers.kit.account import HttpAccount
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.brokers.schwab.data import SchwabData
from server.brokers.schwab.execution import SchwabExecution
from server.brokers.schwab.http import SchwabHttp
from server.brokers.schwab.stream import SchwabStream
from server.domain.brokerage import Event

__all__ = ("SchwabConnection",)


class SchwabConnection(HttpAccount):
    """The parts and how they hang together: one socket carries prices and the account's news."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        http = SchwabHttp(context, manifest)
        events = Fanout[Event]()
        prices = SchwabStream(http, events.put)
        super().__init__(
            http,
            events,
            data=SchwabData(context, http),
            execution=SchwabExecution(context, http, prices, events),
            prices=prices,
        )
