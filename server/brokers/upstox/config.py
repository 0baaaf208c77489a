"""One account at Upstox: its parts, joined."""

from server.brokers.kit.account import HttpAccount
from server.brokers.kit.events import Fanout
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.brokers.upstox.data import UpstoxData
from server.brokers.upstox.execution import UpstoxExecution
from server.brokers.upstox.http import upstox_http
from server.brokers.upstox.stream import UpstoxStream
from server.domain.brokerage import Event

__all__ = ("UpstoxConnection",)


class UpstoxConnection(HttpAccount):
    """The parts and how they hang together."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        http = upstox_http(context, manifest)
        events = Fanout[Event]()
        super().__init__(
            http,
            events,
            data=UpstoxData(context, http),
            execution=UpstoxExecution(context, http, events.put),
            prices=UpstoxStream(http),
        )
