"""Option symbols of the US clearer: `AAPL240503P00155000` = root, YYMMDD, C or P, strike x 1000 in eight digits."""

import re
from datetime import date
from decimal import Decimal

import msgspec

from server.domain.instruments import Right

__all__ = ("OccSymbol", "occ_symbol", "read_occ")

_FORM = re.compile(r"([A-Z0-9.]{1,6}?) *([0-9]{2})([0-9]{2})([0-9]{2})([CP])([0-9]{8})")


class OccSymbol(msgspec.Struct, frozen=True):
    """The parts of an option symbol."""

    root: str
    expiry: date
    right: Right
    strike: Decimal


def read_occ(symbol: str) -> OccSymbol | None:
    """Take a symbol apart, with or without blanks after its root; None when it is none."""
    match = _FORM.fullmatch(symbol)
    if match is None:
        return None
    root, year, month, day, right, strike = match.groups()
    try:
        expiry = date(2000 + int(year), int(month), int(day))
    except ValueError:
        return None
    return OccSymbol(root, expiry, "CE" if right == "C" else "PE", Decimal(strike).scaleb(-3).normalize() + 0)


def occ_symbol(parts: OccSymbol, *, padded: bool = False) -> str:
    """Put a symbol together; `padded` fills the root to six letters."""
    root = parts.root.ljust(6) if padded else parts.root
    return f"{root}{parts.expiry:%y%m%d}{'C' if parts.right == 'CE' else 'P'}{int(parts.strike * 1000):08d}"
