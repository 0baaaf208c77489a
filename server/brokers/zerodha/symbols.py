"""Kite's master -> canonical instruments."""

from collections import Counter

from server.brokers.kit.indian import Place, map_lines
from server.brokers.kit.symbols import Listing
from server.domain.brokerage import ListingLine

__all__ = ("listings", "quote_name")

_PLACES: dict[str, Place] = {
    "NSE": ("NSE", ""),
    "BSE": ("BSE", ""),
    "NFO": ("NFO", ""),
    "BFO": ("BFO", ""),
    "CDS": ("CDS", ""),
    "MCX": ("MCX", ""),
}


def listings(lines: list[ListingLine]) -> tuple[list[Listing], Counter[str]]:
    """Listings, and the reasons of rows left out."""
    return map_lines(lines, _place)


def _place(line: ListingLine) -> Place | str:
    found = _PLACES.get(line.exchange)
    if found is None:
        return f"exchange {line.exchange[:12]}"
    return found[0], line.symbol.removesuffix("-EQ")


def quote_name(listing: Listing) -> str:
    """`NSE:INFY`, as quotes are asked for."""
    return f"{listing.exchange}:{listing.symbol}"
