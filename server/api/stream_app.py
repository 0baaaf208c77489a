"""The app's session on /stream: hello and resume, watched sets, binary prices, sequenced events."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from server.analytics.chains import Chains as ChainService
from server.api.stream_chains import ChainAsked, ChainScreen, chain_data
from server.api.stream_connection import Connection
from server.api.stream_messages import Bars, Chains, Depth, Hello, Ping, Rate, Watch, decode
from server.core.bus import Bus
from server.core.errors import Invalid, Problem
from server.market.intervals import INTERVALS, interval
from server.market.market import Market
from server.market.subscription import Subscription

__all__ = ("HEARTBEAT_SECONDS", "PROTOCOL", "AppSession", "event_text")

PROTOCOL = 1
HEARTBEAT_SECONDS = 2.0
_DEFAULT_HZ = 20.0
_MOST_MISSED = 2_000
_encode = msgspec.json.Encoder().encode


def event_text(sequence: int, event: Any) -> str:
    """Wire form of a bus event; its topic is the struct's tag."""
    topic = event.__struct_config__.tag
    return _encode({"type": "event", "seq": sequence, "at": event.at, "topic": topic, "data": event}).decode()


class AppSession:
    """See the module's text.

    Args:
        connection: where texts go.
        markets: by id; replays come and go.
        bus: for missed events.
        boot: id of this run of the server.
        wall_ms: wall clock in milliseconds.
        pumped: the last sequence number that was handed to all connections.
        chains: live option chains.
    """

    def __init__(
        self,
        connection: Connection,
        markets: Mapping[str, Market],
        bus: Bus,
        boot: str,
        wall_ms: Callable[[], float],
        pumped: Callable[[], int],
        chains: ChainService,
    ) -> None:
        self.hz = _DEFAULT_HZ
        self.greeted = False
        self._connection = connection
        self._markets = markets
        self._bus = bus
        self._boot = boot
        self._wall_ms = wall_ms
        self._pumped = pumped
        self._frame = 0
        self._views: dict[str, Subscription] = {}
        self._chains = ChainScreen(chains)

    def take(self, text: str) -> None:
        """A message from the client; raises Invalid, which ends the connection."""
        message = decode(text)
        if isinstance(message, Hello):
            self._hello(message)
            return
        if not self.greeted:
            raise Invalid("The first message must be hello.", code="stream.hello", field="op")
        if isinstance(message, Ping):
            self._say({"type": "pong", "t": message.t, "server": self._wall_ms()})
        elif isinstance(message, Rate):
            self.hz = message.hz
        elif isinstance(message, Watch):
            view, rows = self._map(message.market, message.keys)
            if view is not None:
                view.set_quotes(rows)
        elif isinstance(message, Depth):
            view, rows = self._map(message.market, message.keys)
            if view is not None:
                view.set_depth(rows)
        elif isinstance(message, Chains):
            self._show_chains(message)
        else:
            self._bars(message)

    def flush(self) -> list[str | bytes]:
        """Binary frames of prices that changed, and texts of chains that were computed."""
        frames: list[str | bytes] = []
        for market_id, view in list(self._views.items()):
            market = self._markets.get(market_id)
            if market is None or market.hub is not view.hub:
                view.close()
                del self._views[market_id]
                continue
            found = view.collect(self._frame)
            self._frame += len(found)
            frames.extend(found)
        for asked, chain in self._chains.changes():
            frames.append(_encode({"type": "chain", **chain_data(chain, asked.strikes)}).decode())
        return frames

    @property
    def pending(self) -> bool:
        """Whether any market shown has changed."""
        return any(view.pending for view in self._views.values()) or self._chains.pending

    def on_event(self, sequence: int, event: object, text: str) -> None:
        """A bus event."""
        if self.greeted:
            self._connection.say(text)

    def on_beat(self, text: str) -> None:
        """The common heartbeat."""
        if self.greeted:
            self._connection.say(text)

    def resync(self, reason: str) -> None:
        """Tell the client to read its lists again."""
        self._say({"type": "resync", "reason": reason})

    def problem(self, problem: Problem) -> str:
        """An error as this stream says it."""
        return _encode({"type": "problem", **msgspec.to_builtins(problem)}).decode()

    def close(self) -> None:
        """Let go of subscriptions."""
        for view in self._views.values():
            view.close()
        self._views.clear()
        self._chains.close()

    def _hello(self, message: Hello) -> None:
        if self.greeted:
            raise Invalid("Hello was already said.", code="stream.hello", field="op")
        if message.v != PROTOCOL:
            raise Invalid(
                f"Version {message.v} of the stream is not known.",
                code="stream.version",
                field="v",
                limit=PROTOCOL,
                value=message.v,
                remedy="Load the app again.",
            )
        now = self._pumped()
        missed, reason = self._missed(message, now)
        self.greeted = True
        self._say(
            {
                "type": "welcome",
                "v": PROTOCOL,
                "boot": self._boot,
                "seq": now,
                "heartbeat": HEARTBEAT_SECONDS,
                "resumed": missed is not None,
                "markets": [market.state() for market in self._markets.values()],
            }
        )
        if reason:
            self.resync(reason)
        for text in missed or ():
            self._connection.say(text)

    def _missed(self, message: Hello, now: int) -> tuple[list[str] | None, str]:
        """Events to send again (None = cannot resume), and why not; a first visit has no reason."""
        if message.since is None:
            return None, ""
        if message.boot != self._boot:
            return None, "the server was started again"
        if message.since > now or now - message.since > _MOST_MISSED:
            return None, "too much has happened since"
        found = self._bus.since(message.since)
        if found is None:
            return None, "too much has happened since"
        return [event_text(n, e) for n, e in found if n <= now and hasattr(e, "__struct_config__")], ""

    def _show_chains(self, message: Chains) -> None:
        """A chain that cannot be shown is told as a problem; the connection goes on."""
        asked = [ChainAsked(one.underlying, one.expiry, one.strikes) for one in message.chains]
        for error in self._chains.set(message.market, asked):
            self._connection.say(self.problem(error.problem()))

    def _bars(self, message: Bars) -> None:
        for item in message.series:
            interval(item.interval)
        view, _ = self._map(message.market, [s.key for s in message.series])
        if view is not None:
            find = view.hub.catalogue.find
            found = ((find(s.key), INTERVALS[s.interval]) for s in message.series)
            view.set_bars([(row, kind) for row, kind in found if row is not None])

    def _map(self, market_id: str, keys: list[str]) -> tuple[Subscription | None, list[int]]:
        """Answer which rows the keys have; a market that is not there has number 0 and knows no key."""
        market = self._markets.get(market_id)
        if market is None:
            self._say({"type": "map", "market": market_id, "number": 0, "rows": {}, "unknown": keys})
            return None, []
        find = market.catalogue.find
        rows = {key: row for key in keys if (row := find(key)) is not None}
        unknown = [key for key in keys if key not in rows]
        self._say({"type": "map", "market": market_id, "number": market.number, "rows": rows, "unknown": unknown})
        view = self._views.get(market_id)
        if view is None or view.hub is not market.hub:
            if view is not None:
                view.close()
            view = self._views[market_id] = market.hub.subscribe(market.number)
        return view, list(rows.values())

    def _say(self, message: dict[str, Any]) -> None:
        self._connection.say(_encode(message).decode())
