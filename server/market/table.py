"""The columnar table of last prices: one structured row an instrument, which is also the stream's wire record.

A price frame is this table's dirty rows as they lie in memory, so encoding costs one gather however many
clients read it. All fields are little-endian; times are milliseconds since the epoch, UTC; an absent number is NaN.
"""

from typing import Final

import numpy as np

__all__ = ("BAR_RECORD", "DEPTH_RECORD", "FLAG_CLOSED", "FLAG_STALE", "FRAME_HEADER", "QUOTE_RECORD")

QUOTE_RECORD: Final = np.dtype(
    [
        ("row", "<u4"),
        ("flags", "<u4"),
        ("market_ms", "<f8"),
        ("received_ms", "<f8"),
        ("ltp", "<f8"),
        ("bid", "<f8"),
        ("ask", "<f8"),
        ("bid_qty", "<f8"),
        ("ask_qty", "<f8"),
        ("volume", "<f8"),
        ("oi", "<f8"),
        ("open", "<f8"),
        ("high", "<f8"),
        ("low", "<f8"),
        ("close", "<f8"),
    ]
)
"""112 bytes. `close` is the previous session's close; `received_ms` is the server's wall clock at receipt."""

DEPTH_RECORD: Final = np.dtype(
    [
        ("row", "<u4"),
        ("pad", "<u4"),
        ("market_ms", "<f8"),
        ("bid_px", "<f8", (5,)),
        ("bid_qty", "<f8", (5,)),
        ("ask_px", "<f8", (5,)),
        ("ask_qty", "<f8", (5,)),
    ]
)
"""176 bytes, best level first."""

BAR_RECORD: Final = np.dtype(
    [
        ("row", "<u4"),
        ("interval_s", "<u4"),
        ("start_ms", "<f8"),
        ("open", "<f8"),
        ("high", "<f8"),
        ("low", "<f8"),
        ("close", "<f8"),
        ("volume", "<f8"),
        ("oi", "<f8"),
    ]
)
"""64 bytes: the bar as it now stands (the last one may still change)."""

FRAME_HEADER: Final = np.dtype(
    [
        ("kind", "u1"),
        ("version", "u1"),
        ("market", "<u2"),
        ("count", "<u4"),
        ("frame", "<u4"),
        ("pad", "<u4"),
        ("server_ms", "<f8"),
    ]
)
"""24 bytes. kind 1 quotes, 2 depth, 3 bars; `market` is the number given in the `map` message; `frame` counts up by
one per connection, so a gap shows a lost frame; `server_ms` is the server's wall clock when the frame was made."""

FLAG_STALE: Final = 1
FLAG_CLOSED: Final = 2
