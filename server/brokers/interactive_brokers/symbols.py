"""IB's contracts -> canonical instruments: US shares, GLOBAL under the symbol that others use (`BRK B` is BRK.B)."""

from collections import Counter
from decimal import Decimal

from server.brokers.kit.symbols import Listing
from server.domain.brokerage import ListingLine
from server.domain.instruments import Instrument

__all__ = ("ROUTE", "listings")

ROUTE = "SMART"
"""Where orders go. Books name the kind of contract in its place, so they are matched by contract number alone: the same
symbol in another currency is another contract."""
_CENT = Decimal("0.01")


def listings(lines: list[ListingLine]) -> tuple[list[Listing], Counter[str]]:
    """Listings, and the reasons of contracts left out."""
    found: dict[str, Listing] = {}
    left_out: Counter[str] = Counter()
    for line in lines:
        if line.kind != "EQUITY":
            left_out[f"kind {line.raw_kind[:24]}"] += 1
        elif line.currency != "USD":
            left_out[f"currency {line.currency[:8]}"] += 1
        elif not line.token:
            left_out["no contract number"] += 1
        else:
            instrument = _share(line)
            if instrument.key in found:
                left_out["listed twice"] += 1
            else:
                found[instrument.key] = Listing(
                    instrument=instrument, symbol=line.symbol, exchange=ROUTE, token=line.token
                )
    return list(found.values()), left_out


def _share(line: ListingLine) -> Instrument:
    symbol = line.symbol.replace(" ", ".")
    return Instrument(
        symbol=symbol,
        exchange="GLOBAL",
        kind="EQUITY",
        name=symbol,
        segment="US_EQUITY",
        # finer ticks hold below one dollar only; a cent is right everywhere
        tick=max(line.tick or _CENT, _CENT),
        currency="USD",
        title=line.title,
    )
