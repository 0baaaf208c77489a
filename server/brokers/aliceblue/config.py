"""One account at Alice Blue: its parts, joined."""

from server.brokers.aliceblue.data import AliceData
from server.brokers.aliceblue.execution import AliceExecution
from server.brokers.aliceblue.http import AliceHttp
from server.brokers.aliceblue.stream import alice_stream
from server.brokers.kit.account import HttpAccount
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.domain.brokerage import Event

__all__ = ("AliceConnection",)


class AliceConnection(HttpAccount):
    """The parts and how they hang together."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        side = AliceHttp(context, manifest)
        events = Fanout[Event]()
        super().__init__(
            side.http,
            events,
            data=AliceData(context, side),
            execution=AliceExecution(context, side, events),
            prices=alice_stream(side),
        )
