"""Frames in the brokers' own layouts, written by hand for fuzzing where the published samples are not at hand."""

import json

from tests.brokers.frames import kite_frame, kite_full, kite_quote
from tests.brokers.fyers_frames import data_frame, lite, result, snapshot, update
from tests.brokers.upstox_frames import feed_frame, full_feed, index_feed, info_frame, ltpc

__all__ = ("SEEDS",)

_KITE_ORDER = {
    "order_id": "1", "status": "OPEN", "tradingsymbol": "SBIN", "exchange": "NSE", "transaction_type": "BUY",
    "order_type": "LIMIT", "product": "MIS", "validity": "DAY", "quantity": 10, "filled_quantity": 4, "price": 800.1,
    "average_price": 800.05, "tag": "ABC", "order_timestamp": "2026-11-20 10:00:00",
}  # fmt: skip

_UPSTOX_ORDER = {
    "update_type": "order", "order_id": "1", "status": "open", "trading_symbol": "SBIN", "exchange": "NSE",
    "transaction_type": "BUY", "order_type": "LIMIT", "product": "I", "validity": "DAY", "quantity": 10, "price": 800.1,
    "filled_quantity": 4, "average_price": 800.05, "tag": "ABC", "order_timestamp": "2026-11-20 10:00:00",
    "instrument_token": "NSE_EQ|INE062A01020",
}  # fmt: skip
_PRICE = ltpc(800.05, 1_780_000_000_000, 7, 795.35)

SEEDS: dict[str, tuple[bytes, ...]] = {
    "zerodha": (
        kite_frame([kite_quote(408065, 157315), kite_full(408065, 157370, at=1_625_461_887, bids=[(5, 157340, 1)])]),
        json.dumps({"type": "order", "data": _KITE_ORDER}).encode(),
        json.dumps({"status": "success", "data": [_KITE_ORDER]}).encode(),
        json.dumps(_KITE_ORDER).encode(),
        (
            b"instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,"
            b"instrument_type,segment,exchange\n779521,3045,SBIN,STATE BANK,0,,0,0.05,1,EQ,NSE,NSE\n"
        ),
    ),
    "fyers": (
        data_frame(1, [snapshot(3, "sf|nse_cm|3045", list(range(21)), symbol="NSE:SBIN-EQ"), update(3, [5] * 21)]),
        data_frame(2, [snapshot(4, "dp|nse_cm|3045", list(range(30)), symbol="S"), lite(4, 7)]),
        data_frame(3, [snapshot(5, "if|nse_cm|Nifty 50", [1] * 6, symbol="N", places=4)]),
        result(1),
        result(51, "x"),
        (
            b"101126112435000,NIFTY,14,65,0.05,,0915-1530,2026-11-20,1795602600,NSE:NIFTY26NOV24500CE,10,11,35000,NIFTY,"
            b"26000,24500.0,CE,101000000026000,None,0,0.0\n"
        ),
        (
            b'{"s":"ok","orders":{"id":"1","qty":10,"symbol":"NSE:IDEA-EQ","side":1,"status":6,"type":1,'
            b'"orderDateTime":"04-Aug-2023 10:12:58"}}'
        ),
    ),
    "upstox": (
        feed_frame(
            {"NSE_EQ|INE1": full_feed(_PRICE, [(100, 800.0, 200, 800.1)] * 5, volume=99, oi=5.0)}, 1_780_000_000_123
        ),
        feed_frame({"NSE_INDEX|Nifty 50": index_feed(_PRICE, (1.0, 2.0, 0.5, 1.5))}, 1_780_000_000_123, kind=0),
        info_frame({"NSE_EQ": 2}, 1_780_000_000_123),
        json.dumps(_UPSTOX_ORDER).encode(),
        json.dumps({"status": "success", "data": [_UPSTOX_ORDER]}).encode(),
        b'{"status":"error","errors":[{"errorCode":"UDAPI1055","message":"No"}]}',
        b'{"status":"success","data":{"candles":[["2026-11-20T09:15:00+05:30",1,2,0.5,1.5,10,0]]}}',
    ),
}
"""By broker folder; a new broker adds its own."""
