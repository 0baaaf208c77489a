"""Alpaca's assets -> canonical instruments. Shares are GLOBAL, coins CRYPTO with the slash of their pair dropped."""

from collections import Counter
from decimal import Decimal

from server.brokers.kit.symbols import Listing, least_units
from server.domain.brokerage import ListingLine
from server.domain.instruments import Instrument

__all__ = ("listings",)

_CENT = Decimal("0.01")


def listings(lines: list[ListingLine]) -> tuple[list[Listing], Counter[str]]:
    """Listings, and the reasons of rows left out. Orders and activities name no exchange: listings have none."""
    found: dict[str, Listing] = {}
    left_out: Counter[str] = Counter()
    for line in lines:
        if not line.tradable:
            left_out["not tradable"] += 1
        elif line.kind not in ("EQUITY", "CRYPTO"):
            left_out[f"kind {line.raw_kind[:24]}"] += 1
        else:
            instrument = _share(line) if line.kind == "EQUITY" else _coin(line)
            if instrument.key in found:
                left_out["listed twice"] += 1
            else:
                found[instrument.key] = Listing(
                    instrument=instrument, symbol=line.symbol, exchange="", token=line.token or line.symbol
                )
    return list(found.values()), left_out


def _share(line: ListingLine) -> Instrument:
    return Instrument(
        symbol=line.symbol,
        exchange="GLOBAL",
        kind="EQUITY",
        name=line.symbol,
        segment="US_EQUITY",
        tick=line.tick or _CENT,
        unit=line.step or Decimal(1),
        currency="USD",
        title=line.title,
    )


def _coin(line: ListingLine) -> Instrument:
    base, _, quote = line.symbol.partition("/")
    unit = line.step or Decimal("0.000000001")
    return Instrument(
        symbol=f"{base}{quote}",
        exchange="CRYPTO",
        kind="CRYPTO",
        name=base,
        segment="CRYPTO",
        tick=line.tick or _CENT,
        unit=unit,
        least=least_units(line.least, unit),
        currency=quote or "USD",
        title=line.title,
    )
