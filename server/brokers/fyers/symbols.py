"""FYERS' masters -> canonical instruments. Orders name `NSE:SBIN-EQ`; the stream names a topic made of the token."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from server.brokers.fyers.hsm import topic_of
from server.brokers.kit.indian import Place, map_lines
from server.brokers.kit.symbols import Listing
from server.domain.brokerage import ListingLine
from server.domain.instruments import Exchange

__all__ = ("MASTERS", "listings")

MASTERS = ("NSE_CM", "NSE_FO", "NSE_CD", "BSE_CM", "BSE_FO", "MCX_COM")
_SEGMENTS: dict[str, Exchange] = {
    "1010": "NSE",
    "1210": "BSE",
    "1011": "NFO",
    "1211": "BFO",
    "1012": "CDS",
    "1120": "MCX",
}


def listings(lines: list[ListingLine], indices: Mapping[str, str]) -> tuple[list[Listing], Counter[str]]:
    """Listings, and the reasons of rows left out.

    Args:
        lines: rows of all masters.
        indices: symbol -> name on the stream, for indices (`NSE:NIFTY50-INDEX` -> `Nifty 50`)."""
    found, left_out = map_lines(lines, _place)
    return [_on_stream(listing, indices) for listing in found], left_out


def _place(line: ListingLine) -> Place | str:
    exchange = _SEGMENTS.get(line.token[:4])
    if exchange is None:
        return f"segment {line.token[:4]}"
    symbol = line.symbol.partition(":")[2]
    for ending in ("-EQ", "-INDEX"):
        symbol = symbol.removesuffix(ending)
    if exchange == "BSE" and line.kind == "EQUITY":
        symbol = symbol.rpartition("-")[0] or symbol  # the group of the share
    return exchange, symbol


def _on_stream(listing: Listing, indices: Mapping[str, str]) -> Listing:
    if listing.instrument.kind == "INDEX":
        name = indices.get(listing.symbol, "")
        segment = "bse_cm" if listing.exchange == "BSE" else "nse_cm"
        return msgspec.structs.replace(listing, token=f"{segment}|{name}" if name else listing.symbol)
    return msgspec.structs.replace(listing, token=topic_of(listing.token) or listing.symbol)
