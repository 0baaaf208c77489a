"""Frames in the brokers' own layouts, written by hand for fuzzing where the published samples are not at hand."""

import json

from tests.brokers.frames import kite_frame, kite_full, kite_quote

__all__ = ("SEEDS",)

_KITE_ORDER = {
    "order_id": "1", "status": "OPEN", "tradingsymbol": "SBIN", "exchange": "NSE", "transaction_type": "BUY",
    "order_type": "LIMIT", "product": "MIS", "validity": "DAY", "quantity": 10, "filled_quantity": 4, "price": 800.1,
    "average_price": 800.05, "tag": "ABC", "order_timestamp": "2026-11-20 10:00:00",
}  # fmt: skip

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
}
"""By broker folder; a new broker adds its own."""
