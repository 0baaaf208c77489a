"""Frames as batches for the hub say what the events say."""

import numpy as np

from server.brokers.zerodha.batches import Rows, batch_of
from server.brokers.zerodha.packets import decode_columns
from tests.brokers.frames import kite_frame, kite_full, kite_ltp

TOKENS = {f"{(1000 + n) << 8 | 1}": f"NSE:S{n}" for n in range(6)}


def test_batch_when_a_frame_came_then_rows_prices_and_books() -> None:
    rows = Rows(TOKENS.items(), {f"NSE:S{n}": 10 + n for n in range(5)}.get)
    packets = [
        kite_full(
            (1000 + n) << 8 | 1,
            80005 + n,
            at=1_780_000_000 + n,
            volume=n,
            bids=[(7, 80000 + n, 1)],
            asks=[] if n == 2 else [(8, 80010 + n, 1)],
        )
        for n in range(6)
    ]
    (columns,) = decode_columns(kite_frame([*packets, kite_full(77 << 8 | 1, 5, at=1)]))
    batch = batch_of(columns, rows, 5, "kite")
    assert batch is not None and batch.depth is not None
    assert batch.rows.tolist() == [10, 11, 12, 13, 14], "what has no row is left out"
    assert batch.ltp.tolist() == [800.05, 800.06, 800.07, 800.08, 800.09]
    assert batch.time_ns.tolist() == [(1_780_000_000 + n) * 10**9 for n in range(5)]
    assert batch.bid.tolist()[0] == 800.0 and batch.bid_qty.tolist() == [7] * 5
    assert np.isnan(batch.ask[2]) and batch.ask_qty[2] == 0
    assert batch.depth.bid_px.shape == (5, 5) and np.isnan(batch.depth.bid_px[0, 1])


def test_batch_when_packets_carry_no_time_then_the_time_of_receipt() -> None:
    rows = Rows(TOKENS.items(), lambda key: 3 if key == "NSE:S0" else None)
    (columns,) = decode_columns(kite_frame([kite_ltp(1000 << 8 | 1, 12345), kite_ltp(1001 << 8 | 1, 5)]))
    batch = batch_of(columns, rows, 99, "kite")
    assert batch is not None and batch.depth is None
    assert (batch.rows.tolist(), batch.ltp.tolist(), batch.time_ns.tolist()) == ([3], [123.45], [99])
    assert batch_of(columns, Rows((), lambda _: None), 99, "kite") is None
