"""Which instrument a symbol or a file name means. Lots and ticks are looked up later, for the day it is replayed on."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import PurePath

from server.core.errors import Invalid
from server.domain.instruments import Exchange, Instrument, Right, future_symbol, option_symbol, parse_symbol
from server.rulebook import Rulebook

__all__ = ("Names", "future_of", "index_of", "option_of", "parse_day", "parse_strike", "share_of")

_INDICES = {
    "NIFTY": ("NIFTY", "NIFTY50"),
    "BANKNIFTY": ("BANKNIFTY", "NIFTYBANK", "BNF"),
    "FINNIFTY": ("FINNIFTY", "NIFTYFINSERVICE"),
    "MIDCPNIFTY": ("MIDCPNIFTY", "NIFTYMIDSELECT", "NIFTYMIDCAPSELECT"),
    "NIFTYNXT50": ("NIFTYNXT50", "NIFTYNEXT50"),
    "INDIAVIX": ("INDIAVIX", "VIX"),
    "SENSEX": ("SENSEX",),
    "BANKEX": ("BANKEX",),
}
_ALIASES = {alias: name for name, aliases in _INDICES.items() for alias in aliases}
_BSE = frozenset({"SENSEX", "BANKEX"})
_TITLES = {"INDIAVIX": "India VIX"}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKLY = re.compile(
    r"(?P<name>[A-Z&-]+)(?P<year>\d{2})(?P<month>[1-9OND])(?P<day>\d{2})(?P<strike>\d+(?:\.\d+)?)(?P<right>CE|PE)"
)
_SPLIT = re.compile(
    r"(?P<name>[A-Z&-]+)_(?P<day>\d{1,2})(?P<month>[A-Z]{3})(?P<year>\d{4}|\d{2})_(?P<strike>\d+(?:\.\d+)?)(?P<right>CE|PE)"
)
_DAY = re.compile(r"(?P<day>\d{1,2})[- ]?(?P<month>[A-Z]{3})[A-Z]*[- ]?(?P<year>\d{4}|\d{2})")
_SHARE = re.compile(r"[A-Z][A-Z0-9&-]{1,19}")


class Names:
    """Finds instruments; knows the names the rulebook knows."""

    def __init__(self, rules: Rulebook) -> None:
        self._titles = {u.name: u.title for u in rules.underlyings()} | _TITLES
        self._shares = {u.name for u in rules.underlyings("EQUITY")}

    def index(self, text: str) -> Instrument | None:
        """The index of that name in one of its usual spellings."""
        name = _ALIASES.get(re.sub(r"[^A-Z0-9]", "", text.upper()))
        return None if name is None else index_of(name, self._titles.get(name, name))

    def symbol(self, text: str) -> Instrument | None:
        """An index, a canonical or Kite-style derivative symbol, or a known share; None when it is none of them."""
        text = text.strip().upper()
        if (found := self.index(text)) is not None:
            return found
        if (match := _WEEKLY.fullmatch(text)) is not None:
            month = "123456789OND".index(match["month"]) + 1
            if (expiry := _date(2000 + int(match["year"]), month, int(match["day"]))) is not None:
                return self.option(match["name"], expiry, Decimal(match["strike"]), _right(match["right"]))
        try:
            parts = parse_symbol(text)
        except Invalid:
            return self.share(text) if text in self._shares else None
        if parts.strike is None or parts.right is None:
            return self.future(parts.name, parts.expiry)
        return self.option(parts.name, parts.expiry, parts.strike, parts.right)

    def file(self, name: str) -> Instrument | None:
        """What a file's name (or that of its folder) says it holds."""
        path = PurePath(name.replace("\\", "/"))
        stem = path.name
        while (suffix := PurePath(stem).suffix.lower()) in (".gz", ".csv", ".zip", ".txt", ".json"):
            stem = stem[: -len(suffix)]
        return self._in_words(stem) or (self._in_words(path.parent.name) if path.parent.name else None)

    def option(self, name: str, expiry: date, strike: Decimal, right: Right) -> Instrument:
        """An option on an index or a share."""
        return option_of(_ALIASES.get(name, name), expiry, strike, right)

    def future(self, name: str, expiry: date) -> Instrument:
        """A future on an index or a share."""
        return future_of(_ALIASES.get(name, name), expiry)

    def share(self, symbol: str) -> Instrument:
        """A share of the NSE; one with derivatives when the rulebook knows it as such."""
        return share_of(symbol, fno=symbol in self._shares, title=self._titles.get(symbol, symbol))

    def _in_words(self, stem: str) -> Instrument | None:
        upper = stem.upper()
        if (match := _SPLIT.search(upper)) is not None:
            expiry = parse_day(f"{match['day']}-{match['month']}-{match['year']}")
            if expiry is not None:
                return self.option(match["name"].lstrip("-"), expiry, Decimal(match["strike"]), _right(match["right"]))
        words = [w for w in re.split(r"[_\s.]+", upper) if w]
        for word in words:
            if re.search(r"\d(CE|PE|FUT)$", word) and (found := self.symbol(word)) is not None:
                return found
        for pair in (*(a + b for a, b in pairwise(words)), *words):
            if (found := self.index(pair)) is not None:
                return found
        return self._share_in(stem, words)

    def _share_in(self, stem: str, words: Iterable[str]) -> Instrument | None:
        for word in words:
            if (symbol := re.sub(r"-?\d{4}-\d{2}-\d{2}$", "", word)) in self._shares:
                return self.share(symbol)
        # a share we do not know of: only when the name is nothing but a symbol in capitals
        return self.share(stem) if _SHARE.fullmatch(stem) else None


def index_of(name: str, title: str = "") -> Instrument:
    """An index."""
    exchange: Exchange = "BSE_INDEX" if name in _BSE else "NSE_INDEX"
    return Instrument(symbol=name, exchange=exchange, kind="INDEX", name=name, segment="INDEX", title=title or name)


def share_of(symbol: str, *, fno: bool, title: str = "") -> Instrument:
    """A share of the NSE."""
    segment = "CASH_FNO_STOCK" if fno else "CASH_NON_FNO"
    return Instrument(symbol=symbol, exchange="NSE", kind="EQUITY", name=symbol, segment=segment, title=title or symbol)


def option_of(name: str, expiry: date, strike: Decimal, right: Right) -> Instrument:
    """An option on an index or a share; lot 1 until the day is known."""
    index = name in _INDICES
    return Instrument(
        symbol=option_symbol(name, expiry, strike, right),
        exchange="BFO" if name in _BSE else "NFO",
        kind="OPTION",
        name=name,
        segment="INDEX_OPT" if index else "STOCK_OPT",
        expiry=expiry,
        strike=strike,
        right=right,
        underlying=_underlying(name),
    )


def future_of(name: str, expiry: date) -> Instrument:
    """A future on an index or a share; lot 1 until the day is known."""
    return Instrument(
        symbol=future_symbol(name, expiry),
        exchange="BFO" if name in _BSE else "NFO",
        kind="FUTURE",
        name=name,
        segment="INDEX_FUT" if name in _INDICES else "STOCK_FUT",
        expiry=expiry,
        underlying=_underlying(name),
    )


def parse_day(text: str) -> date | None:
    """A date as these files write it: 2024-01-25, 20240125, 25-Jan-2024, 25JAN2024, 1AUG2019; None when it is none."""
    text = text.strip().upper()
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        pass
    match = _DAY.fullmatch(text)
    if match is None or match["month"] not in _MONTHS:
        return None
    year = int(match["year"])
    return _date(year if year > 99 else 2000 + year, _MONTHS.index(match["month"]) + 1, int(match["day"]))


def parse_strike(text: str) -> Decimal | None:
    """A strike, above zero and in plain digits; None when it is not one."""
    try:
        strike = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return None
    if not strike.is_finite() or not 0 < strike < 10_000_000:
        return None
    return strike.quantize(Decimal(1)) if strike == strike.to_integral_value() else strike.normalize()


def _underlying(name: str) -> str:
    if name in _INDICES:
        return index_of(name).key
    return f"NSE:{name}"


def _right(text: str) -> Right:
    return "CE" if text == "CE" else "PE"


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
