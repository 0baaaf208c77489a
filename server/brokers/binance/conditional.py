"""Conditional orders of USD-M: stops live in a service of their own, numbered apart, with our id as `clientAlgoId`.

Once its trigger is hit such an order becomes an order of the matching engine under another number, `actualOrderId`,
and what that one does is told under that number. The two are one order here: the number of the conditional order with
an `a` before it, filled and ended as the other one is.
"""

from collections.abc import Iterable

import msgspec

from server.brokers.binance.http import BinanceHttp
from server.brokers.binance.parse import PARSERS
from server.brokers.binance.rows import ALGO
from server.core.errors import NotFound
from server.domain.brokerage import LineState, OrderLine, Receipt
from server.orders.ports import NotAccepted

__all__ = ("Conditionals", "named")

_OPEN = "/fapi/v1/openAlgoOrders"
_ALL = "/fapi/v1/allAlgoOrders"
_ONE = "/fapi/v1/algoOrder"
_ENDED = ("FILLED", "CANCELLED", "REJECTED", "EXPIRED")


class Conditionals:
    """Sends, cancels and reads them; remembers which order each has become."""

    def __init__(self, side: BinanceHttp) -> None:
        self._side = side
        self._became: dict[str, str] = {}
        """`BTCUSDT:a12` -> `BTCUSDT:345`."""
        self._live: dict[str, set[str]] = {}
        """Symbol -> our ids of those that may still be triggered."""

    def waiting(self, symbol: str) -> bool:
        """Whether an order that nobody knows may be one of ours, triggered a moment ago."""
        return bool(self._live.get(symbol))

    async def place(self, values: list[tuple[str, str]], symbol: str, own: str) -> Receipt:
        """POST algoOrder."""
        self._live.setdefault(symbol, set()).add(own)
        try:
            body = await self._side.command("place", "POST", _ONE, values)
        except NotAccepted:
            self._live[symbol].discard(own)
            raise
        receipt: Receipt = PARSERS["place"](body)
        return msgspec.structs.replace(receipt, broker_id=f"{ALGO}{receipt.broker_id}")

    async def cancel(self, broker_id: str) -> Receipt | str:
        """DELETE algoOrder; the name of the order it has become where it has been triggered: that one is to be
        cancelled instead."""
        became = self._became.get(broker_id)
        if became is not None:
            return became
        number = broker_id.rpartition(":")[2].removeprefix(ALGO)
        try:
            body = await self._side.command("cancel", "DELETE", _ONE, [("algoId", number)], always=True)
        except NotAccepted:
            for line in await self._one([("algoId", number)]):
                self._note(line)
            became = self._became.get(broker_id)
            if became is None:
                raise
            return became
        receipt: Receipt = PARSERS["cancel"](body)
        return msgspec.structs.replace(receipt, broker_id=broker_id, order=None)

    async def find(self, client_id: str) -> bool:
        """Whether the service knows our id."""
        return bool(await self._one([("clientAlgoId", client_id)]))

    async def read(self, symbols: Iterable[str], since: str, most: str) -> list[OrderLine]:
        """Open ones of all symbols, and those since a moment in symbols we know, each once."""
        found: dict[str, OrderLine] = {}
        lines: list[OrderLine] = PARSERS["orders"](await self._side.read("algo_orders", _OPEN))
        names = dict.fromkeys([*symbols, *(line.symbol for line in lines)])
        for symbol in names:
            query = [("symbol", symbol), ("startTime", since), ("limit", most)]
            lines += PARSERS["orders"](await self._side.read("algo_orders", _ALL, query))
        for line in lines:
            found[named(line)] = line
        return list(found.values())

    def joined(self, conditional: Iterable[OrderLine], plain: dict[str, OrderLine]) -> list[OrderLine]:
        """Conditional orders with what the orders they have become say; those are taken out of `plain`."""
        found = []
        for line in conditional:
            self._note(line)
            actual = plain.pop(f"{line.symbol}:{line.exchange_id}", None) if line.exchange_id else None
            if actual is not None:
                line = msgspec.structs.replace(
                    line,
                    filled=actual.filled,
                    average=actual.average,
                    state=actual.state,
                    reason=actual.reason or line.reason,
                    updated=actual.updated or line.updated,
                )
            elif line.raw_state == "FINISHED":  # it is over, and the order it has become is not in the listing any more
                over: LineState = "FILLED" if line.filled >= line.quantity else "CANCELLED"
                line = msgspec.structs.replace(line, state=over)
            found.append(msgspec.structs.replace(line, fetch_again=False))
            self._ended(line.symbol, line.client_id, found[-1].state)
        return found

    def heard(self, line: OrderLine) -> None:
        """Take note of a pushed one."""
        self._note(line)
        self._ended(line.symbol, line.client_id, line.state)

    def actual(self, line: OrderLine) -> str:
        """The order it has become, named; empty when it has not been triggered."""
        return self._became.get(named(line), "")

    def _note(self, line: OrderLine) -> None:
        if line.exchange_id:
            self._became[named(line)] = f"{line.symbol}:{line.exchange_id}"

    def _ended(self, symbol: str, own: str, state: LineState) -> None:
        if state in _ENDED:
            self._live.get(symbol, set()).discard(own)
        else:
            self._live.setdefault(symbol, set()).add(own)

    async def _one(self, query: list[tuple[str, str]]) -> list[OrderLine]:
        try:
            found: list[OrderLine] = PARSERS["orders"](await self._side.read("find", _ONE, query))
        except NotFound:
            return []
        return found


def named(line: OrderLine) -> str:
    """An order's name here: its number is unique within its symbol and its kind."""
    return f"{line.symbol}:{ALGO if line.variety == 'algo' else ''}{line.broker_id}"
