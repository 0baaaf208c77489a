"""/docs/stream says what the code does: every field, limit, message and close code."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from server.api import stream, stream_app, stream_connection, stream_messages, stream_scripts
from server.core.paths import bundled
from server.market.table import BAR_RECORD, DEPTH_RECORD, FRAME_HEADER, QUOTE_RECORD

PAGE = bundled("web") / "docs" / "stream.html"


class Tables(HTMLParser):
    """Cells of each table by the table's id."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] | None = None
        self._cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._rows = self.tables.setdefault(dict(attrs).get("id") or "", [])
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag == "td" and self._rows:
            self._rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._cell and self._rows:
            self._rows[-1][-1] += data


def tables() -> dict[str, list[list[str]]]:
    reader = Tables()
    reader.feed(Path(PAGE).read_text(encoding="utf-8"))
    return {name: [row for row in rows if row] for name, rows in reader.tables.items()}


@pytest.mark.parametrize(
    ("name", "record"),
    [("header", FRAME_HEADER), ("quote", QUOTE_RECORD), ("depth", DEPTH_RECORD), ("bar", BAR_RECORD)],
)
def test_page_when_it_lists_a_record_then_offsets_types_and_fields_are_the_codes(name: str, record: Any) -> None:
    listed = [(int(row[0]), row[1], row[2]) for row in tables()[f"record-{name}"]]
    expected = []
    for field in record.names:
        kind, offset = record.fields[field][:2]
        base = kind.base if kind.subdtype else kind
        text = np.dtype(base).str.lstrip("<|")
        expected.append((offset, f"{kind.shape[0]} x {text}" if kind.subdtype else text, field))
    assert listed == expected


def test_page_when_it_lists_messages_then_they_are_those_the_server_takes() -> None:
    listed = {row[0]: row[1] for row in tables()["ops"]}
    kinds = {kind.__struct_config__.tag: kind for kind in stream_messages.ClientMessage.__args__}
    assert set(listed) == set(kinds)
    for op, kind in kinds.items():
        for field in kind.__struct_fields__:
            assert re.search(rf"\b{field}\b", listed[op]), f"{op}.{field}"


def test_page_when_it_lists_topics_then_they_are_the_event_channels() -> None:
    listed = {row[1]: row[0] for row in tables()["topics"]}
    assert listed == {name: kind.__struct_config__.tag for name, kind in stream_scripts.CHANNELS.items()}


def test_page_when_it_lists_close_codes_then_every_code_in_use_is_there() -> None:
    listed = {int(row[0]) for row in tables()["close-codes"]}
    used = {
        stream_connection.GOING_AWAY,
        stream_connection.FAILED,
        stream_connection.BAD_MESSAGE,
        stream_connection.TIMED_OUT,
        stream_connection.TOO_MUCH,
    }
    assert listed == used | {1006}


def test_page_when_it_lists_limits_then_they_are_the_codes() -> None:
    listed = [int(row[1]) for row in tables()["limits-table"]]

    def most(kind: type, field: str) -> int:
        info: Any = next(f for f in msgspec.inspect.type_info(kind).fields if f.name == field)  # type: ignore[attr-defined]
        return int(info.type.max_length)

    assert listed == [
        most(stream_messages.Watch, "keys"),
        most(stream_messages.Depth, "keys"),
        most(stream_messages.Bars, "series"),
        stream_messages.MOST_BYTES,
        30,
        stream_scripts.MOST_CHANNELS,
        stream._MOST_CONNECTIONS,
        stream_app._MOST_MISSED,
        stream._STUCK_SECONDS,
    ]


def test_page_when_served_under_the_policy_then_it_has_no_inline_script_or_style() -> None:
    text = Path(PAGE).read_text(encoding="utf-8")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", text)
    assert (PAGE.parent / "docs.css").is_file()
