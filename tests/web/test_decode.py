"""Binary frames: what server/market/table.py lays out is what the browser reads; anything else is refused."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from server.market.table import BAR_RECORD, DEPTH_RECORD, FLAG_STALE, FRAME_HEADER, QUOTE_RECORD
from tests.web.modules import Call, caller

READ = """
const bytes = Uint8Array.from(atob(a), (c) => c.charCodeAt(0));
const view = new DataView(bytes.buffer);
const head = m.header(view);
const out = [];
const read = { 1: m.quotes, 2: m.depths, 3: m.bars }[head.kind];
read(view, head, (record) => out.push({ ...record }));
return [head, out];
"""


@pytest.fixture(scope="module")
def call(module_stage: Callable[..., Page]) -> Iterator[Call]:
    yield caller(module_stage("blank.html"))


def frame(kind: int, records: Any, **changes: Any) -> bytes:
    head = np.zeros(1, FRAME_HEADER)
    values = {"kind": kind, "version": 1, "market": 7, "count": len(records), "frame": 42, "server_ms": 1.5e12}
    for name, value in {**values, **changes}.items():
        head[name] = value
    return bytes(head.tobytes() + records.tobytes())


def read(call: Call, data: bytes) -> Any:
    return call("transport/decode.js", READ, base64.b64encode(data).decode())


def test_quotes_when_packed_by_the_server_then_read_back(call: Call) -> None:
    records = np.zeros(2, QUOTE_RECORD)
    for i, name in enumerate(QUOTE_RECORD.names or ()):
        records[name] = i + 0.0
    records["row"] = [3, 70000]
    records["flags"] = FLAG_STALE
    records["bid"] = [np.nan, 11.05]
    head, out = read(call, frame(1, records))
    assert (head["market"], head["count"], head["frame"], head["serverMs"]) == (7, 2, 42, 1.5e12)
    assert [r["row"] for r in out] == [3, 70000]
    assert [r["bid"] for r in out] == [None, 11.05]
    first = out[0]
    assert first["flags"] == FLAG_STALE
    named = ["marketMs", "receivedMs", "ltp", "ask", "bidQty", "askQty", "volume", "oi", "open", "high", "low", "close"]
    assert [first[name] for name in named] == [2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14]


def test_depth_when_levels_are_missing_then_left_out(call: Call) -> None:
    records = np.zeros(1, DEPTH_RECORD)
    records["row"] = 5
    records["bid_px"] = [100, 99, np.nan, np.nan, np.nan]
    records["bid_qty"] = [10, 20, 0, 0, 0]
    records["ask_px"] = np.nan
    _, out = read(call, frame(2, records))
    assert out[0]["bids"] == [[100, 10], [99, 20]]
    assert out[0]["asks"] == []


def test_bars_when_packed_by_the_server_then_read_back(call: Call) -> None:
    records = np.zeros(1, BAR_RECORD)
    records[0] = (9, 180, 1.6e12, 1.5, 2.5, 0.5, 2.0, 1000, 5)
    _, out = read(call, frame(3, records))
    assert out == [{"row": 9, "interval": 180, "t": 1.6e12, "o": 1.5, "h": 2.5, "l": 0.5, "c": 2, "v": 1000, "oi": 5}]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01" * 10,
        frame(1, np.zeros(2, QUOTE_RECORD), count=3),
        frame(1, np.zeros(2, QUOTE_RECORD), count=2**32 - 1),
        frame(1, np.zeros(1, QUOTE_RECORD), version=9),
        frame(4, np.zeros(1, QUOTE_RECORD)),
        frame(1, np.zeros(1, QUOTE_RECORD))[:-1],
    ],
)
def test_frame_when_hostile_then_refused(call: Call, data: bytes) -> None:
    body = READ.replace("const head", "try { m.header(view); } catch (error) { return error.name; } const head")
    assert call("transport/decode.js", body, base64.b64encode(data).decode()) == "RangeError"
