"""Binance's symbols -> canonical instruments: CRYPTO:BTCUSDT, its perpetual CRYPTO:BTCUSDTPERP, dated ones by day."""

from collections import Counter
from decimal import Decimal

from server.brokers.kit.symbols import Listing, least_units
from server.domain.brokerage import ListingLine
from server.domain.instruments import Instrument, future_symbol

__all__ = ("listings",)


def listings(lines: list[ListingLine]) -> tuple[list[Listing], Counter[str]]:
    """Listings, and the reasons of rows left out. Answers name no exchange: listings have none."""
    found: dict[str, Listing] = {}
    left_out: Counter[str] = Counter()
    for line in lines:
        if not line.tradable:
            left_out["not trading"] += 1
        elif line.tick is None or line.step is None:
            left_out["without tick or step"] += 1
        else:
            instrument = _instrument(line, line.tick, line.step)
            if instrument.key in found:
                left_out["listed twice"] += 1
            else:
                found[instrument.key] = Listing(
                    instrument=instrument, symbol=line.symbol, exchange="", token=line.symbol
                )
    return list(found.values()), left_out


def _instrument(line: ListingLine, tick: Decimal, step: Decimal) -> Instrument:
    future = line.kind == "FUTURE"
    pair = f"{line.name}{line.currency}"
    symbol = pair if not future else future_symbol(pair, line.expiry) if line.expiry else f"{pair}PERP"
    most = line.freeze / step if line.freeze else None
    return Instrument(
        symbol=symbol,
        exchange="CRYPTO",
        kind="FUTURE" if future else "CRYPTO",
        name=line.name,
        segment="CRYPTO_PERP" if future else "CRYPTO",
        tick=tick.normalize() + 0,
        unit=step.normalize() + 0,
        freeze=int(most) if most is not None and most < 10**15 else None,
        expiry=line.expiry,
        underlying=f"CRYPTO:{pair}" if future else "",
        least=least_units(line.least, step),
        least_value=line.least_value,
        currency=line.currency,
        title=line.title,
    )
