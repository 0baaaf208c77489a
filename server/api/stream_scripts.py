"""The JSON session on /ws, for scripts: channels in, one JSON object a message out."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from server.analytics.chains import Chains, ChainWatch
from server.api.quotes import depth_wire, quote_wire
from server.api.stream_chains import chain_data
from server.api.stream_connection import Connection
from server.core.errors import Invalid, Problem, SaudaError
from server.domain import events
from server.market.intervals import INTERVALS, Interval
from server.market.market import Market
from server.market.subscription import Subscription

__all__ = ("CHANNELS", "MOST_CHANNELS", "ScriptSession")

MOST_CHANNELS = 500
_DEFAULT_HZ = 5.0
_encode = msgspec.json.Encoder().encode

CHANNELS: dict[str, type[events.Event]] = {
    "orders": events.OrderSeen,
    "fills": events.FillSeen,
    "funds": events.FundsChanged,
    "lists": events.ListChanged,
    "risk": events.RiskSeen,
    "markets": events.MarketChanged,
    "parts": events.PartChanged,
    "notices": events.Notice,
}
"""Event channels; the rest are `quotes:KEY`, `depth:KEY`, `bars:INTERVAL:KEY` and `chain:UNDERLYING:EXPIRY`."""

_SECONDS = {kind.seconds: kind.name for kind in INTERVALS.values()}


class _Subscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    action: Literal["subscribe", "unsubscribe", "rate", "ping"]
    channels: Annotated[list[Annotated[str, msgspec.Meta(max_length=100)]], msgspec.Meta(max_length=MOST_CHANNELS)] = []
    market: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    hz: Annotated[float, msgspec.Meta(ge=0.1, le=20)] | None = None


_decoder = msgspec.json.Decoder(_Subscribe, strict=True)


class ScriptSession:
    """See the module's text.

    Args:
        connection: where texts go.
        markets: by id.
        default_market: the market of a channel when a message names none.
        chains: live option chains.
    """

    def __init__(
        self,
        connection: Connection,
        markets: Mapping[str, Market],
        default_market: Callable[[], str],
        chains: Chains,
    ) -> None:
        self.hz = _DEFAULT_HZ
        self.greeted = True
        self._connection = connection
        self._markets = markets
        self._default = default_market
        self._chains = chains
        self._topics: set[str] = set()
        self._views: dict[str, _View] = {}

    def take(self, text: str) -> None:
        """A message from the client; raises Invalid, which ends the connection."""
        try:
            message = _decoder.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            said, _, where = str(error).partition(" - at `$")
            raise Invalid(
                f"The message cannot be read: {said}.",
                code="stream.message",
                field=where.strip("`").lstrip("."),
                remedy='Send {"action": "subscribe", "channels": ["quotes:NSE:RELIANCE"]}.',
            ) from None
        if message.hz is not None:
            self.hz = message.hz
        done: list[str] = []
        unknown: list[str] = []
        if message.action in ("subscribe", "unsubscribe"):
            view = self._view(message.market or self._default())
            for channel in message.channels:
                (done if self._switch(view, channel, message.action == "subscribe") else unknown).append(channel)
            if sum(v.size for v in self._views.values()) > MOST_CHANNELS:
                raise Invalid(
                    "Too many channels.", code="stream.channels", limit=MOST_CHANNELS, remedy="Unsubscribe some first."
                )
            if view is not None:
                view.apply()
        self._say("reply", {"action": message.action, "channels": done, "unknown": unknown})

    def flush(self) -> list[str | bytes]:
        """One message for each channel that changed."""
        found: list[str | bytes] = []
        for market_id, view in list(self._views.items()):
            market = self._markets.get(market_id)
            if market is None or market.hub is not view.shown.hub:
                view.close()
                del self._views[market_id]
                continue
            found.extend(self._text(channel, data) for channel, data in view.changes())
        return found

    @property
    def pending(self) -> bool:
        """Whether any market subscribed to has changed."""
        return any(view.pending for view in self._views.values())

    def on_event(self, sequence: int, event: object, text: str) -> None:
        """A bus event, sent when its channel is subscribed."""
        for channel in self._topics:
            if isinstance(event, CHANNELS[channel]):
                self._connection.say(_encode({"channel": channel, "seq": sequence, "data": event}).decode())

    def on_beat(self, text: str) -> None:
        """The common heartbeat, in this stream's form."""
        self._connection.say(f'{{"channel":"beat","data":{text}}}')

    def problem(self, problem: Problem) -> str:
        """An error as this stream says it."""
        return self._text("problem", problem)

    def close(self) -> None:
        """Let go of subscriptions."""
        for view in self._views.values():
            view.close()
        self._views.clear()

    def _switch(self, view: "_View | None", channel: str, on: bool) -> bool:
        """Turn a channel on or off; False when there is no such channel."""
        if channel in CHANNELS:
            (self._topics.add if on else self._topics.discard)(channel)
            return True
        return view is not None and view.switch(channel, on)

    def _view(self, market_id: str) -> "_View | None":
        market = self._markets.get(market_id)
        if market is None:
            return None
        view = self._views.get(market_id)
        if view is None or view.shown.hub is not market.hub:
            view = self._views[market_id] = _View(market, self._chains)
        return view

    def _say(self, channel: str, data: Any) -> None:
        self._connection.say(self._text(channel, data))

    def _text(self, channel: str, data: Any) -> str:
        return _encode({"channel": channel, "data": data}).decode()


class _View:
    """Price channels of one market."""

    def __init__(self, market: Market, chains: Chains) -> None:
        self._market = market
        self._service = chains
        self._chains: dict[str, tuple[ChainWatch, list[int]]] = {}
        self.shown: Subscription = market.hub.subscribe(market.number)
        self.seen = -1
        self._quotes: set[int] = set()
        self._depth: set[int] = set()
        self._bars: set[tuple[int, str]] = set()

    @property
    def size(self) -> int:
        """Channels that are on."""
        return len(self._quotes) + len(self._depth) + len(self._bars) + len(self._chains)

    @property
    def pending(self) -> bool:
        """Whether anything may have changed."""
        return self.shown.hub.version != self.seen or any(_newer(*pair) for pair in self._chains.values())

    def switch(self, channel: str, on: bool) -> bool:
        """Turn one on or off; `apply` makes it so. False when there is no such channel."""
        kind, _, rest = channel.partition(":")
        if kind == "chain":
            return self._switch_chain(channel, rest, on)
        name, _, key = rest.partition(":") if kind == "bars" else ("", "", rest)
        row = self._market.catalogue.find(key)
        if row is None or kind not in ("quotes", "depth", "bars") or (kind == "bars" and name not in INTERVALS):
            return False
        if kind == "bars":
            (self._bars.add if on else self._bars.discard)((row, name))
        else:
            rows = self._quotes if kind == "quotes" else self._depth
            (rows.add if on else rows.discard)(row)
        return True

    def _switch_chain(self, channel: str, rest: str, on: bool) -> bool:
        underlying, _, expiry = rest.rpartition(":")
        if not on:
            if (found := self._chains.pop(channel, None)) is not None:
                found[0].close()
            return found is not None
        if channel not in self._chains:
            try:
                watch = self._service.watch(self._market.id, underlying, date.fromisoformat(expiry))
            except (ValueError, SaudaError):
                return False
            self._chains[channel] = (watch, [-1])
        return True

    def close(self) -> None:
        """Let go of everything."""
        self.shown.close()
        for watch, _ in self._chains.values():
            watch.close()
        self._chains.clear()

    def apply(self) -> None:
        """Tell the hub what is on now."""
        self.shown.set_quotes(sorted(self._quotes))
        self.shown.set_depth(sorted(self._depth))
        series: list[tuple[int, Interval]] = [(row, INTERVALS[name]) for row, name in sorted(self._bars)]
        self.shown.set_bars(series)
        self.seen = -1

    def changes(self) -> list[tuple[str, Any]]:
        """(channel, data) of all that changed."""
        self.seen = self.shown.hub.version
        key = self._market.catalogue.key
        found: list[tuple[str, Any]] = [
            (f"quotes:{key(row)}", quote_wire(self._market, key(row))) for row in self.shown.changed_quotes()
        ]
        for row in self.shown.changed_depth():
            book = self._market.hub.depth(key(row))
            if book is not None:
                found.append((f"depth:{key(row)}", depth_wire(book)))
        for row, seconds, start, *values in self.shown.changed_bars():
            names = ("o", "h", "l", "c", "v", "oi")
            data = {"t": int(start), **dict(zip(names, values, strict=True))}
            found.append((f"bars:{_SECONDS[seconds]}:{key(row)}", data))
        for channel, (watch, sent) in self._chains.items():
            if (view := watch.latest) is not None and view.version != sent[0]:
                sent[0] = view.version
                found.append((channel, chain_data(view, 0)))
        return found


def _newer(watch: ChainWatch, sent: list[int]) -> bool:
    view = watch.latest
    return view is not None and view.version != sent[0]
