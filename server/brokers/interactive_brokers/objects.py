"""The library's objects written as the JSON that `parse.py` reads: what it keeps beside (events, caches) is left out.

Times without a zone are this machine's, for the gateway runs beside us and is set to its clock.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from server.brokers.interactive_brokers import wire

__all__ = ("bars", "details", "fills", "frame", "plain", "positions", "states", "ticker", "trade", "trades", "values")

_LAST = 20
"""Lines of an order's log that are read, beside the first: it grows with every word of the gateway."""
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def plain(found: Any) -> bytes:
    """Bytes for a parser; NaN and the infinities become null."""
    return _ENCODER.encode(found)


def frame(event: str, data: Any) -> bytes:
    """Bytes for the decoders."""
    return plain({"event": event, "data": data})


def trade(row: Any) -> dict[str, Any]:
    """An order with its contract, status and log."""
    return {
        "contract": _taken(wire.Contract, row.contract),
        "order": _taken(wire.OrderBody, row.order),
        "orderStatus": _taken(wire.Status, row.orderStatus),
        "log": [_taken(wire.LogEntry, entry) for entry in (*row.log[:1], *row.log[1:][-_LAST:])],
    }


def trades(rows: Iterable[Any]) -> bytes:
    """Orders."""
    return plain([trade(row) for row in rows])


def fill(row: Any) -> dict[str, Any]:
    """An execution with its contract."""
    return {
        "contract": _taken(wire.Contract, row.contract),
        "execution": _taken(wire.Execution, row.execution),
        "commissionReport": _taken(wire.Commission, row.commissionReport),
    }


def fills(rows: Iterable[Any]) -> bytes:
    """Executions."""
    return plain([fill(row) for row in rows])


def positions(rows: Iterable[Any]) -> bytes:
    """Positions."""
    return plain([{**_taken(wire.Position, row), "contract": _taken(wire.Contract, row.contract)} for row in rows])


def values(rows: Iterable[Any]) -> bytes:
    """Figures of the account."""
    return plain([_taken(wire.AccountValue, row) for row in rows])


def ticker(row: Any) -> dict[str, Any]:
    """Prices of a contract. Their time is left out: it is no time of theirs but this machine's when they came."""
    return {**_taken(wire.Ticker, row), "contract": _taken(wire.Contract, row.contract), "time": None}


def bars(rows: Iterable[Any]) -> bytes:
    """Bars."""
    return plain([_taken(wire.Bar, row) for row in rows])


def details(rows: Iterable[Any]) -> bytes:
    """Contracts with what one must know to trade them."""
    return plain([{**_taken(wire.Details, row), "contract": _taken(wire.Contract, row.contract)} for row in rows])


def states(row: Any) -> bytes:
    """What an order would change."""
    return plain(_taken(wire.WhatIf, row))


def _taken(kind: type[msgspec.Struct], row: Any) -> dict[str, Any]:
    """The fields that are read of it."""
    return {name: _zoned(getattr(row, name)) for name in kind.__struct_fields__ if name != "contract"}


def _zoned(value: Any) -> Any:
    return value.astimezone() if isinstance(value, datetime) and value.tzinfo is None else value
