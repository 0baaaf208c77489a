"""Calls signed as Binance's documentation shows, to the service the account is in."""

from pathlib import Path

import pytest

import server.brokers.binance
from server.brokers.binance.http import BinanceHttp
from server.brokers.kit.manifest import load_manifest
from server.brokers.kit.ports import Context
from server.brokers.kit.symbols import SymbolMap
from server.core.clock import ManualClock
from tests.trading import ist

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
"""Of the documentation's own example."""
QUERY = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"


def side(market: str) -> BinanceHttp:
    """The calls of an account that is never opened."""
    context = Context(
        account="a",
        credentials={"api_key": "key", "secret_key": SECRET, "market": market},
        session=None,
        clock=ManualClock(ist("10:00")),
        symbols=SymbolMap("binance"),
        used=lambda usage: None,
    )
    return BinanceHttp(context, load_manifest(Path(server.brokers.binance.__file__).parent))


def test_signature_when_made_then_as_the_documentation_shows() -> None:
    assert side("spot").sign(QUERY) == SIGNATURE


def test_query_when_signed_then_the_signature_is_of_its_exact_text() -> None:
    calls = side("spot")
    text, _, signature = calls.signed_query([("symbol", "BTCUSDT"), ("newClientOrderId", "a b/é")]).rpartition(
        "&signature="
    )
    assert "a%20b%2F%C3%A9" in text and "timestamp=" in text
    assert calls.sign(text) == signature


@pytest.mark.parametrize(
    ("market", "path", "address"),
    [("spot", "/api/v3/order", "rest"), ("", "/api/v3/order", "rest"), ("USDM", "/fapi/v1/order", "rest_usdm")],
)
def test_account_when_of_a_market_then_its_service_is_called(market: str, path: str, address: str) -> None:
    calls = side(market)
    assert (calls.path("order"), calls.name("rest")) == (path, address)
