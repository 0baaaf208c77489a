"""OANDA's instruments -> canonical ones: `EUR_USD` is GLOBAL:EURUSD. Metals and index contracts trade in its hours."""

from collections import Counter
from decimal import Decimal

from server.brokers.kit.symbols import Listing, least_units
from server.domain.brokerage import ListingLine
from server.domain.instruments import Instrument

__all__ = ("listings",)


def listings(lines: list[ListingLine]) -> tuple[list[Listing], Counter[str]]:
    """Listings, and the reasons of rows left out. Orders and prices name no exchange: listings have none."""
    found: dict[str, Listing] = {}
    left_out: Counter[str] = Counter()
    for line in lines:
        if line.tick is None or "_" not in line.symbol:
            left_out[f"kind {line.raw_kind[:24]}"] += 1
            continue
        instrument = Instrument(
            symbol=line.symbol.replace("_", ""),
            exchange="GLOBAL",
            kind="CURRENCY",
            name=line.symbol.partition("_")[0],
            segment="FX",
            tick=line.tick,
            unit=line.step or Decimal(1),
            freeze=int(line.freeze / (line.step or 1)) if line.freeze else None,
            least=least_units(line.least, line.step or Decimal(1)),
            currency=line.currency,
            title=line.title,
        )
        if instrument.key in found:
            left_out["listed twice"] += 1
        else:
            found[instrument.key] = Listing(instrument=instrument, symbol=line.symbol, exchange="", token=line.symbol)
    return list(found.values()), left_out
