"""The master -> canonical instruments: `place` tells our exchange and symbol of a row, or why there is none."""

from collections import Counter

from server.brokers.kit.indian import Place, map_lines
from server.brokers.kit.symbols import Listing
from server.domain.brokerage import ListingLine

__all__ = ("listings",)


def listings(lines: list[ListingLine]) -> tuple[list[Listing], Counter[str]]:
    """Listings, and the reasons of rows left out."""
    return map_lines(lines, _place)


def _place(line: ListingLine) -> Place | str:
    return ("NSE", line.symbol) if line.exchange == "NSE" else f"exchange {line.exchange[:12]}"
