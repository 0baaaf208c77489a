"""Kite's ticker: prices on up to three sockets of 3,000 instruments; order updates on each of them.

The first socket is up as soon as orders are listened for, though nothing is watched. A frame is decoded as events, or,
where `columns` is set, in one go as columns for the hub.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlencode

from server.brokers.kit.http import Http
from server.brokers.kit.prices import PriceStream
from server.brokers.kit.shards import Plan
from server.brokers.kit.stream import Address
from server.brokers.zerodha.batches import Rows, batch_of
from server.brokers.zerodha.packets import Columns, decode_columns
from server.brokers.zerodha.parse import decode_stream
from server.core.clock import to_ns
from server.core.errors import Unauthorised
from server.domain.brokerage import Event, NoticeEvent, OrderEvent
from server.market.ports import TickBatch

__all__ = ("KiteStream",)

_ONE_MESSAGE = 1_000
"""Tokens in one subscription message."""


class KiteStream(PriceStream):
    """Implements `kit.ports.Stream`."""

    def __init__(self, http: Http, on_order: Callable[[Event], None]) -> None:
        super().__init__(http)
        self._on_order = on_order
        self.columns: Callable[[list[Columns], int], None] | None = None
        """Takes whole frames instead of events, with the monotonic time of receipt."""
        self._row: Callable[[str], int | None] | None = None
        self._rows = Rows((), lambda _: None)

    def into(self, row: Callable[[str], int | None], take: Callable[[TickBatch], None]) -> None:
        """Hand over prices as batches for a market's rows, a tenth of the cost of events: `row` tells a key's row."""
        self._row = row
        clock = self.http.context.clock

        def batches(groups: list[Columns], at: int) -> None:
            wall = to_ns(clock.now())
            for columns in groups:
                batch = batch_of(columns, self._rows, wall, self.http.manifest.name)
                if batch is not None:
                    take(batch)

        self.columns = batches

    async def watch(self, keys: Sequence[str], mode: str) -> None:
        """Make the watched set exactly `keys`."""
        if self._row is not None:
            symbols = self.http.context.symbols
            self._rows = Rows(((symbols.of(key).token, key) for key in keys), self._row)
        await super().watch(keys, mode)

    async def address(self) -> Address:
        """Key and token travel in the query: it is never logged."""
        context = self.http.context
        if context.session is None:
            raise Unauthorised("Zerodha is not signed in.", code="broker.session", remedy="Sign in again.")
        query = {"api_key": context.credentials.get("api_key", ""), "access_token": context.session.access_token}
        return Address(f"{self.http.address('stream')}?{urlencode(query)}")

    def read(self, number: int, data: bytes | str, at: int) -> Iterable[Event]:
        """Prices; orders go their own way, from the first socket only: every socket tells the same."""
        if isinstance(data, bytes) and len(data) > 1 and self.columns is not None:
            self.columns(decode_columns(data), at)
            return ()
        events = decode_stream(data)
        if number == 0:
            for event in events:
                if isinstance(event, (OrderEvent, NoticeEvent)):
                    self._on_order(event)
        return events

    def messages(self, plan: Plan) -> Iterable[str | bytes]:
        """Kite subscribes in mode quote first, then takes the mode."""
        for at in range(0, len(plan.drop), _ONE_MESSAGE):
            yield _message("unsubscribe", _tokens(plan.drop, at))
        by_mode: dict[str, list[str]] = {}
        for token, mode in plan.add.items():
            by_mode.setdefault(mode, []).append(token)
        for mode, tokens in by_mode.items():
            for at in range(0, len(tokens), _ONE_MESSAGE):
                page = _tokens(tokens, at)
                yield _message("subscribe", page)
                yield _message("mode", [mode, page])


def _tokens(tokens: Sequence[str], at: int) -> list[int]:
    return [int(token) for token in tokens[at : at + _ONE_MESSAGE]]


def _message(action: str, value: object) -> str:
    return json.dumps({"a": action, "v": value}, separators=(",", ":"))
