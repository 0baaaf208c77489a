"""Schwab's instruments -> canonical ones. There is no master: shares are looked up by name, options by their chain.

`BRK/B` is BRK.B; an option is named as everywhere in Sauda (`AAPL18DEC26200CE`) and counted in shares, a hundred a
contract. Options are there to watch: an order for one has to say whether it opens or closes, which is not built.
"""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from server.brokers.kit.occ import read_occ
from server.brokers.kit.symbols import Listing
from server.domain.brokerage import ListingLine
from server.domain.instruments import Instrument, option_symbol

__all__ = ("CONTRACT", "named", "options", "shares")

CONTRACT = 100
"""Shares of a standard option contract."""
_CENT = Decimal("0.01")
_BARRED = "Options of Schwab can be watched here; orders for them are not built yet."


def named(symbol: str) -> str:
    """A symbol the user wrote, as Schwab writes it."""
    return symbol.strip().upper().replace(".", "/")


def shares(lines: Iterable[ListingLine]) -> tuple[list[Listing], Counter[str]]:
    """Listings of shares and funds, and the reasons of rows left out."""
    found: dict[str, Listing] = {}
    left_out: Counter[str] = Counter()
    for line in lines:
        if line.kind != "EQUITY":
            left_out[f"kind {line.raw_kind[:24]}"] += 1
            continue
        symbol = line.symbol.replace("/", ".")
        instrument = Instrument(
            symbol=symbol,
            exchange="GLOBAL",
            kind="EQUITY",
            name=symbol,
            segment="US_EQUITY",
            tick=_CENT,
            currency="USD",
            title=line.title,
        )
        listing = Listing(instrument=instrument, symbol=line.symbol, exchange="EQUITY", token=line.symbol)
        found.setdefault(instrument.key, listing)
    return list(found.values()), left_out


def options(symbols: Iterable[str]) -> tuple[list[Listing], Counter[str]]:
    """Listings of option contracts, and the reasons of those left out."""
    found: dict[str, Listing] = {}
    left_out: Counter[str] = Counter()
    for symbol in symbols:
        parts = read_occ(symbol)
        if parts is None:
            left_out["no option symbol"] += 1
            continue
        if parts.root[-1].isdigit():  # a contract changed by a split or a merger: its size is its own
            left_out["adjusted option"] += 1
            continue
        instrument = Instrument(
            symbol=option_symbol(parts.root, parts.expiry, parts.strike, parts.right),
            exchange="GLOBAL",
            kind="OPTION",
            name=parts.root,
            segment="US_OPT",
            lot=CONTRACT,
            tick=_CENT,
            expiry=parts.expiry,
            strike=parts.strike,
            right=parts.right,
            underlying=f"GLOBAL:{parts.root}",
            currency="USD",
            barred=_BARRED,
        )
        found[instrument.key] = Listing(instrument=instrument, symbol=symbol, exchange="OPTION", token=symbol)
    return list(found.values()), left_out
