"""Every parser and decoder of a broker, fed hostile bytes. `SAUDA_LONG=1` grinds a million frames a broker."""

import importlib
import json
import os
from pathlib import Path

import pytest

from tests.fuzz.broker_bytes import grind
from tests.shared import shared

FRAMES = 1_000_000 if os.environ.get("SAUDA_LONG") else 4_000
FOLDERS = {
    "flattrade": "flattrade_noren",
    "aliceblue": "flattrade_noren",
    "alpaca": "alpaca",
    "oanda": "oanda",
    "binance": "binance",
    "schwab": "schwab",
    "interactive_brokers": "schwab",
}
FRAMES_SEEN: dict[str, tuple[str, ...]] = {
    "flattrade": (
        '{"t":"tk","e":"NSE","tk":"22","ts":"ACC-EQ","lp":"1166.55","ft":"1795146300","bp1":"1.0","bq1":"5"}',
        '{"t":"om","norenordno":"1","exch":"NSE","tsym":"A","qty":"1","trantype":"B","prctyp":"LMT","status":"OPEN"}',
    ),
    "alpaca": (
        '[{"T":"q","S":"AAPL","bp":1.5,"bs":1,"ap":1.6,"as":2,"t":"2026-01-02T15:00:00.123456789Z"}]',
        '{"stream":"trade_updates","data":{"event":"fill","price":"1","qty":"2","order":{"id":"a","status":"new"}}}',
    ),
    "oanda": ('{"type":"PRICE","instrument":"EUR_USD","time":"2026-11-20T10:00:00.1Z","bids":[],"asks":[]}',),
    "binance": (
        '{"stream":"a@bookTicker","data":{"u":4,"s":"BNBUSDT","b":"25.3","B":"3","a":"25.4","A":"4"}}',
        '{"e":"executionReport","s":"A","c":"b","S":"BUY","o":"LIMIT","f":"GTC","q":"1","p":"1","x":"NEW","X":"NEW"}',
    ),
    "schwab": (
        '{"data":[{"service":"LEVELONE_EQUITIES","timestamp":1714949592613,"content":[{"key":"AAPL","1":175.48}]}]}',
        '[{"orderId":7,"status":"FILLED","quantity":1,"orderActivityCollection":[{"activityType":"EXECUTION"}]}]',
        '{"data":[{"service":"LEVELONE_OPTIONS","content":[{"key":"AAPL  261218C00200000","4":1.5,"9":12}]}]}',
        '{"data":[{"service":"ACCT_ACTIVITY","content":[{"seq":1,"key":"Account Activity","2":"OrderCreated"}]}]}',
        '{"notify":[{"service":"ADMIN","content":{"code":30,"msg":"Stop streaming due to slowness"}}]}',
        '{"securitiesAccount":{"type":"MARGIN","accountNumber":"1","currentBalances":{"buyingPower":1.5},"positions":[{"instrument":{"symbol":"A"},"longQuantity":1.0}]}}',
        '{"symbol":"AAPL","callExpDateMap":{"2026-12-18:18":{"200.0":[{"putCall":"CALL","symbol":"A","strikePrice":200.0,"delta":"NaN"}]}}}',
    ),
    "aliceblue": (
        '{"status":"Ok","result":[{"brokerOrderId":"1","orderStatus":"open","transactionType":"BUY","orderType":"SL"}]}',
        '{"status":"Not_Ok","message":"EC912"}',
        '{"t":"tk","e":"NSE","tk":"22","ts":"ACC-EQ","lp":"1166.55","ft":"1795146300","bp1":"1.0","bq1":"5"}',
    ),
    "interactive_brokers": (
        '{"event":"ticker","data":{"contract":{"secType":"STK","symbol":"AAPL","conId":1},"bid":1.5,"ask":-1.0}}',
        '[{"contract":{"secType":"STK","symbol":"A"},"position":5.0,"avgCost":1.5}]',
        '{"errorCode":201,"errorString":"Order rejected"}',
    ),
}
"""Frames for which there is no sample file."""


@pytest.mark.timeout(3600 if os.environ.get("SAUDA_LONG") else 120)
@pytest.mark.parametrize("broker", sorted(FOLDERS))
def test_parsers_when_bytes_are_hostile_then_only_invalid_is_raised(broker: str) -> None:
    module = importlib.import_module(f"server.brokers.{broker}.parse")
    folder = shared(f"brokers/fixtures/{FOLDERS[broker]}")
    seeds = [path.read_bytes() for path in sorted(Path(folder).rglob("*.json")) if path.stat().st_size < 20_000]
    if broker == "oanda":
        seeds = [json.dumps(json.loads(seed)["response"]).encode() for seed in seeds]
    decoders = [module.decode_stream, module.decode_orders]
    read = grind(module.PARSERS, decoders, [*seeds, *(f.encode() for f in FRAMES_SEEN[broker] * 20)], frames=FRAMES)
    assert 0 < read < FRAMES
