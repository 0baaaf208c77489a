"""Alice Blue's masters -> canonical instruments. Tokens are unique within an exchange only: ours are `NSE|22`."""

from collections import Counter

import msgspec

from server.brokers.kit.indian import Place, map_lines
from server.brokers.kit.symbols import Listing
from server.domain.brokerage import ListingLine

__all__ = ("MASTERS", "listings")

MASTERS = ("NSE", "BSE", "NFO", "BFO", "CDS", "MCX", "INDICES")
"""Files, without `.csv`."""
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
    return map_lines([msgspec.structs.replace(line, token=f"{line.exchange}|{line.token}") for line in lines], _place)


def _place(line: ListingLine) -> Place | str:
    found = _PLACES.get(line.exchange)
    if found is None:
        return f"exchange {line.exchange[:12]}"
    return found[0], line.symbol.removesuffix("-EQ")
