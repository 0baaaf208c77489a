"""Upstox's master -> canonical instruments. Orders, quotes and the feed all name the instrument key."""

from collections import Counter

from server.brokers.kit.indian import Place, map_lines
from server.brokers.kit.symbols import Listing
from server.domain.brokerage import ListingLine
from server.domain.instruments import Exchange

__all__ = ("listings",)

_PLACES: dict[str, Exchange] = {
    "NSE_EQ": "NSE",
    "BSE_EQ": "BSE",
    "NSE_INDEX": "NSE_INDEX",
    "BSE_INDEX": "BSE_INDEX",
    "NSE_FO": "NFO",
    "BSE_FO": "BFO",
    "NCD_FO": "CDS",
    "MCX_FO": "MCX",
}


def listings(lines: list[ListingLine]) -> tuple[list[Listing], Counter[str]]:
    """Listings, and the reasons of rows left out."""
    return map_lines(lines, _place)


def _place(line: ListingLine) -> Place | str:
    exchange = _PLACES.get(line.exchange)
    if exchange is None:
        return f"segment {line.exchange[:12]}"
    return exchange, line.symbol.removesuffix("-EQ")
