"""Reads a single option-chain answer kept as JSON: the exchange's own form, or Upstox's.

JSON has no lines to stream, so such a file is read whole, within `MAX_JSON`. It is turned into the rows that the
chain readers know.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from server.feeds.replay.chains import ChainForm, ChainTable, QuotedLeg
from server.feeds.replay.found import Import
from server.feeds.replay.names import parse_day
from server.feeds.replay.reading import Lines, refuse

__all__ = ("MAX_JSON", "chain_rows", "json_text")

_FIELDS = (
    "lastPrice",
    "openInterest",
    "totalTradedVolume",
    "bidprice",
    "askPrice",
    "bidQty",
    "askQty",
    "changeinOpenInterest",
)
"""Of one leg, in the order of `QuotedLeg`."""
MAX_JSON = 32 * 1024 * 1024
"""Most bytes of a JSON file."""


def json_text(first: str, lines: Lines) -> str:
    """The whole text, its first line having been read; raises Invalid when it is too long."""
    parts, size = [first], len(first)
    for line in lines:
        parts.append(line)
        size += len(line)
        if size > MAX_JSON:
            raise refuse("it is more than 32 MB of JSON", "Import CSV tables instead.")
    return "\n".join(parts)


def chain_rows(context: Import, text: str) -> tuple[ChainTable, Iterator[list[str]]]:
    """(reader, rows for it). Raises Invalid for JSON of another form."""
    try:
        body = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise refuse("it is not valid JSON", "Get the file again.") from error
    if isinstance(body, dict) and isinstance(records := body.get("records"), dict):
        rows = _exchange(records)
    elif isinstance(body, dict) and isinstance(body.get("data"), list):
        raise refuse(
            "it is an option chain that does not say when it was taken",
            "Import a chain with its time: the exchange's own JSON, or snapshots as CSV.",
        )
    else:
        raise refuse("it is JSON, but not an option chain known here", "Import the exchange's option-chain JSON.")
    form = ChainForm(
        strike=3,
        spot=4,
        call=QuotedLeg(*range(5, 13)),
        put=QuotedLeg(*range(13, 21)),
        name=0,
        time=1,
        expiry=2,
        lots=True,
        volume_lots=True,
    )
    return ChainTable(context, form), rows


def _exchange(records: dict[str, Any]) -> Iterator[list[str]]:
    time = _when(str(records.get("timestamp", "")))
    spot = str(records.get("underlyingValue", ""))
    data = records.get("data")
    for row in data if isinstance(data, list) else []:
        if not isinstance(row, dict):
            continue
        legs: list[dict[str, Any]] = [leg if isinstance(leg := row.get(side), dict) else {} for side in ("CE", "PE")]
        name = next((str(leg["underlying"]) for leg in legs if "underlying" in leg), "")
        cells = [name, time, str(row.get("expiryDate", "")), str(row.get("strikePrice", "")), spot]
        for leg in legs:
            for field in _FIELDS:
                value = leg.get(field, "")
                cells.append("" if value is None else str(value))
        yield cells


def _when(text: str) -> str:
    """`03-May-2023 15:30:00` as a time the readers know."""
    day = parse_day(text[:11])
    if day is None:
        raise refuse("it is an option chain that does not say when it was taken", "Get the file again.")
    return f"{day.isoformat()} {text[12:]}"
