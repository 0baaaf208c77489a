"""Readers of reference files: bhavcopies (one row an instrument and day) and brokers' instrument lists."""

from datetime import date
from math import isnan
from typing import Final

from server.domain.instruments import Instrument
from server.feeds.replay.columns import BadRow, count, number
from server.feeds.replay.found import DailyRow, Found, Import, OpeningRow, Token
from server.feeds.replay.names import parse_day, parse_strike

__all__ = ("BhavTable", "TokenTable")

_SHARES: Final = frozenset({"EQ", "BE", "BZ", "SM", "ST", ""})
_FUTURES: Final = frozenset({"FUTIDX", "FUTSTK", "IDF", "STF"})
_OPTIONS: Final = frozenset({"OPTIDX", "OPTSTK", "IDO", "STO"})


class BhavTable:
    """Reads a bhavcopy; `columns` says where each field stands (see `layouts`)."""

    def __init__(self, context: Import, columns: dict[str, int], *, contracts: bool = False) -> None:
        """`contracts`: volume is counted in contracts (derivatives), not in units."""
        self._context = context
        self._at = columns
        self._contracts = contracts
        self._rows: list[DailyRow] = []
        self._opening: list[OpeningRow] = []
        self.kind = "bhavcopy"

    def row(self, cells: list[str], line: int) -> None:
        """Take one instrument; raises BadRow."""
        day = _day(self._text(cells, "day"))
        instrument = self._instrument(cells, line)
        if instrument is None:
            self._context.tally.add("not_a_share", f"line {line}: {','.join(cells[:6])}")
            return
        close = number(self._text(cells, "close"))
        if not close > 0:
            raise BadRow("it has no closing price")
        volume = count(self._text(cells, "volume"))
        if self._contracts and instrument.expiry is not None:
            lot = count(self._text(cells, "lot")) or self._context.lot(instrument.name, instrument.expiry)
            volume = volume * lot if lot else 0
        oi = max(0, count(self._text(cells, "oi")))
        if change := self._text(cells, "oi_change"):
            self._opening.append(OpeningRow(day=day, key=instrument.key, oi=max(0, oi - count(change))))
        self._rows.append(
            DailyRow(
                day=day,
                instrument=instrument,
                open=self._price(cells, "open"),
                high=self._price(cells, "high"),
                low=self._price(cells, "low"),
                close=close,
                previous=self._price(cells, "previous"),
                volume=max(0, volume),
                oi=oi,
            )
        )

    def finish(self) -> Found:
        """All rows."""
        derivatives = any(row.instrument.derivative for row in self._rows)
        self.kind = "F&O bhavcopy" if derivatives else "equity bhavcopy"
        return Found(daily=self._rows, opening=self._opening)

    def _instrument(self, cells: list[str], line: int) -> Instrument | None:
        names, kind = self._context.names, self._text(cells, "kind")
        symbol = self._text(cells, "symbol").upper()
        if not symbol:
            raise BadRow("it names no symbol")
        if "expiry" not in self._at or kind == "STK":
            return names.share(symbol) if self._text(cells, "series") in _SHARES else None
        expiry = parse_day(self._text(cells, "expiry"))
        if expiry is None:
            raise BadRow("it names no expiry")
        if kind in _FUTURES or "strike" not in self._at:
            return names.future(symbol, expiry)
        strike, right = parse_strike(self._text(cells, "strike")), self._text(cells, "right")
        if kind not in _OPTIONS or strike is None or right not in ("CE", "PE"):
            raise BadRow(f"{kind[:10]!r} is not a future or an option")
        return names.option(symbol, expiry, strike, "CE" if right == "CE" else "PE")

    def _text(self, cells: list[str], name: str) -> str:
        at = self._at.get(name, -1)
        return cells[at].strip() if 0 <= at < len(cells) else ""

    def _price(self, cells: list[str], name: str) -> float | None:
        value = number(self._text(cells, name))
        return None if isnan(value) or value <= 0 else value


class TokenTable:
    """Reads a broker's instrument list: which number means which instrument."""

    kind = "instrument list"

    def __init__(self, context: Import, columns: dict[str, int]) -> None:
        self._context = context
        self._at = columns
        self._tokens: list[Token] = []

    def row(self, cells: list[str], line: int) -> None:
        """Take one instrument; raises BadRow."""
        at = self._at
        if len(cells) <= max(at.values()):
            raise BadRow(f"it has {len(cells)} fields")
        symbol, text = cells[at["symbol"]].strip(), cells[at["number"]].strip()
        if not text.isdigit() or len(text) > 15:
            raise BadRow(f"{text[:20]!r} is not a token")
        found = self._derivative(cells) or self._context.names.symbol(symbol)
        if found is None:
            self._context.tally.add("unknown_instrument", f"line {line}: {symbol}")
            return
        self._tokens.append(Token(token=int(text), instrument=found, lot=count(cells[at["lot"]])))

    def finish(self) -> Found:
        """All tokens."""
        return Found(tokens=self._tokens)

    def _derivative(self, cells: list[str]) -> Instrument | None:
        """From the columns that say expiry, strike and right, which are surer than the symbol."""
        at, names = self._at, self._context.names
        right, expiry = cells[at["right"]].strip(), parse_day(cells[at["expiry"]])
        if expiry is None or right not in ("CE", "PE", "FUT"):
            return None
        symbol = cells[at["symbol"]].strip().upper()
        name = cells[at["name"]].strip().upper() if "name" in at else ""
        if not name:
            said = names.symbol(symbol)
            name = said.name if said is not None and said.expiry is not None else ""
        if not name:
            return None
        if right == "FUT":
            return names.future(name, expiry)
        strike = parse_strike(cells[at["strike"]])
        return None if strike is None else names.option(name, expiry, strike, "CE" if right == "CE" else "PE")


def _day(text: str) -> date:
    found = parse_day(text)
    if found is None:
        raise BadRow(f"{text[:20]!r} is not a date")
    return found
