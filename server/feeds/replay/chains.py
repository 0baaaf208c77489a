"""Readers of option-chain snapshots: each row becomes ticks of a call and a put (or of one leg), and of the underlying.

Open interest is kept in units. Files that count it in lots say so in `lots`; where the lot is not known it is left out
and the report says so. A zero or a dash means that there is no such quote.
"""

from datetime import date
from decimal import Decimal
from math import nan
from typing import NamedTuple

from server.domain.instruments import Instrument, Right
from server.feeds.replay.columns import BadRow, Buffers, count, day_of, number, stamp
from server.feeds.replay.found import Found, Import, OpeningRow
from server.feeds.replay.names import parse_day, parse_strike

__all__ = ("ChainForm", "ChainTable", "LegTable", "QuotedLeg")

Cells = list[str]


class QuotedLeg(NamedTuple):
    """Where the fields of one leg stand; -1 = the layout has none."""

    ltp: int
    oi: int = -1
    volume: int = -1
    bid: int = -1
    ask: int = -1
    bid_qty: int = -1
    ask_qty: int = -1
    oi_change: int = -1
    """Against the session before, counted as `oi` is."""


class ChainForm(NamedTuple):
    """A layout with a call and a put in each row. `name`, `time`, `expiry` may be fixed by the file's name."""

    strike: int
    spot: int
    call: QuotedLeg
    put: QuotedLeg
    name: int | str
    time: int | str
    expiry: int | str
    lots: bool = False
    """Open interest is counted in lots."""
    volume_lots: bool = False


class ChainTable:
    """Reads chains with both legs in a row."""

    kind = "option-chain snapshots"

    def __init__(self, context: Import, form: ChainForm) -> None:
        self._context = context
        self._form = form
        self._chain = Chain(context)

    def row(self, cells: Cells, line: int) -> None:
        """Take one strike; raises BadRow."""
        form, chain = self._form, self._chain
        strike = parse_strike(_cell(cells, form.strike))
        if strike is None:
            raise BadRow(f"{_cell(cells, form.strike)[:20]!r} is not a strike")
        time = stamp(_value(cells, form.time))
        name = _value(cells, form.name)
        expiry = chain.expiry(_value(cells, form.expiry), line)
        if expiry is None:
            return
        taken = False
        for right, leg in (("CE", form.call), ("PE", form.put)):
            option = chain.option(name, expiry, strike, "CE" if right == "CE" else "PE")
            taken |= chain.leg(option, line, time, cells, leg, lots=form.lots, volume_lots=form.volume_lots)
        chain.spot(name, line, time, _cell(cells, form.spot))
        if not taken:
            chain.nothing(cells, line)

    def finish(self) -> Found:
        """All series."""
        return self._chain.finish()


class LegTable:
    """Reads chains with one leg a row. `symbol` (a canonical symbol) stands for name, expiry, strike and right."""

    kind = "option-chain snapshots"

    def __init__(
        self,
        context: Import,
        leg: QuotedLeg,
        *,
        time: int,
        spot: int = -1,
        future: int = -1,
        symbol: int = -1,
        name: int = -1,
        expiry: int = -1,
        strike: int = -1,
        right: int = -1,
        lots: bool = False,
    ) -> None:
        self._leg, self._lots = leg, lots
        self._time, self._spot, self._future, self._symbol = time, spot, future, symbol
        self._parts = (name, expiry, strike, right)
        self._context = context
        self._chain = Chain(context)

    def row(self, cells: Cells, line: int) -> None:
        """Take one leg; raises BadRow."""
        chain = self._chain
        time = stamp(_compact(_cell(cells, self._time)))
        option = self._option(cells, line)
        if option is None:
            return
        if not chain.leg(option, line, time, cells, self._leg, lots=self._lots, volume_lots=self._lots):
            chain.nothing(cells, line)
        if self._spot >= 0:
            chain.spot(option.name, line, time, _cell(cells, self._spot))
        if self._future >= 0 and option.expiry is not None:
            chain.future(option.name, option.expiry, line, time, _cell(cells, self._future))

    def finish(self) -> Found:
        """All series."""
        return self._chain.finish()

    def _option(self, cells: Cells, line: int) -> Instrument | None:
        if self._symbol >= 0:
            found = self._context.names.symbol(_cell(cells, self._symbol))
            if found is None or found.kind != "OPTION":
                raise BadRow(f"{_cell(cells, self._symbol)[:40]!r} is not an option")
            return found
        name, expiry_at, strike_at, right = (_cell(cells, at) for at in self._parts)
        strike = parse_strike(strike_at)
        if strike is None or right not in ("CE", "PE"):
            raise BadRow(f"{strike_at[:20]!r} {right[:4]!r} is not a leg")
        expiry = self._chain.expiry(expiry_at, line)
        return None if expiry is None else self._chain.option(name, expiry, strike, "CE" if right == "CE" else "PE")


class Chain:
    """Gathers the ticks of one file's chains."""

    def __init__(self, context: Import) -> None:
        self._context = context
        self._buffers = Buffers()
        self._spots: dict[tuple[str, int], float] = {}
        self._legs: dict[tuple[str, date, Decimal, Right], Instrument] = {}
        self._expiries: dict[str, date | None] = {}
        self._under: dict[str, Instrument] = {}
        self._opening: dict[tuple[str, date], tuple[int, int]] = {}

    def expiry(self, text: str, line: int) -> date | None:
        """The expiry a row names; None (and counted) when it names none."""
        if text not in self._expiries:
            self._expiries[text] = parse_day(text)
        found = self._expiries[text]
        if found is None:
            self._context.tally.add("expiry_unknown", f"line {line}: expiry {text!r}")
        return found

    def option(self, name: str, expiry: date, strike: Decimal, right: Right) -> Instrument:
        """The option, made once."""
        key = (name, expiry, strike, right)
        found = self._legs.get(key)
        if found is None:
            under = self._underlying(name)
            found = self._context.names.option(under.name, expiry, strike, right)
            self._legs[key] = found
        return found

    def leg(
        self,
        option: Instrument,
        line: int,
        time: int,
        cells: Cells,
        leg: QuotedLeg,
        *,
        lots: bool,
        volume_lots: bool,
    ) -> bool:
        """Take one leg's quote; False when nothing was ever traded: a book alone is no price."""
        ltp, bid, ask = (_price(cells, at) for at in (leg.ltp, leg.bid, leg.ask))
        if bid > ask:
            bid = ask = nan
        if not ltp > 0:
            return False
        held = _number(cells, leg.oi)
        oi = self._units(option, held, lots, line)
        self._before(option, time, held, _number(cells, leg.oi_change), lots, line)
        volume = self._units(option, _number(cells, leg.volume), volume_lots, line)
        quantities = [count(_cell(cells, at)) if at >= 0 else 0 for at in (leg.bid_qty, leg.ask_qty)]
        self._buffers.of(option).add(
            line, time, (ltp, bid, ask), (volume, oi, max(0, quantities[0]), max(0, quantities[1]))
        )
        return True

    def spot(self, name: str, line: int, time: int, text: str) -> None:
        """Take the value of the underlying, once a snapshot."""
        if (name, time) in self._spots or text == "":
            return
        value = number(text)
        if not value > 0:
            self._context.tally.add("no_spot", f"line {line}: {name} {text!r}")
            self._spots[name, time] = 0.0
            return
        self._spots[name, time] = value
        self._buffers.of(self._underlying(name)).add(line, time, (round(value, 2), nan, nan), (0, 0, 0, 0))

    def future(self, name: str, expiry: date, line: int, time: int, text: str) -> None:
        """Take the price of the future, once a snapshot."""
        value = number(text)
        if value > 0 and (f"{name} {expiry}", time) not in self._spots:
            self._spots[f"{name} {expiry}", time] = value
            self._buffers.of(self._context.names.future(name, expiry)).add(
                line, time, (round(value, 2), nan, nan), (0, 0, 0, 0)
            )

    def nothing(self, cells: Cells, line: int) -> None:
        """Count a row without any last price."""
        self._context.tally.add("no_price", f"line {line}: {','.join(cells)}")

    def finish(self) -> Found:
        """All series."""
        opening = [OpeningRow(day=day, key=key, oi=oi) for (key, day), (_, oi) in self._opening.items()]
        return Found(series=self._buffers.series("snapshots"), opening=opening)

    def _before(self, option: Instrument, time: int, oi: float, change: float, lots: bool, line: int) -> None:
        """Note the open interest of the day before, as last stated: an early page shows the change of yesterday."""
        if not oi >= 0 or not (before := oi - change) >= 0:
            return
        place = (option.key, day_of(time))
        if place not in self._opening or self._opening[place][0] <= time:
            units = self._units(option, before, lots, line)
            if units or not before:
                self._opening[place] = (time, units)

    def _underlying(self, name: str) -> Instrument:
        found = self._under.get(name)
        if found is None:
            names = self._context.names
            found = names.index(name) or names.share(name.strip().upper())
            self._under[name] = found
        return found

    def _units(self, option: Instrument, value: float, lots: bool, line: int) -> int:
        if not value > 0:
            return 0
        if not lots:
            return round(value)
        assert option.expiry is not None
        lot = self._context.lot(option.name, option.expiry)
        if lot is None:
            self._context.tally.add("units_unknown", f"line {line}: {option.symbol} {value:g} lots")
            return 0
        return round(value * lot)


def _cell(cells: Cells, at: int) -> str:
    return cells[at].strip() if 0 <= at < len(cells) else ""


def _value(cells: Cells, at: int | str) -> str:
    return at if isinstance(at, str) else _cell(cells, at)


def _number(cells: Cells, at: int) -> float:
    return number(_cell(cells, at)) if at >= 0 else nan


def _price(cells: Cells, at: int) -> float:
    value = _number(cells, at)
    return value if value > 0 else nan


def _compact(text: str) -> str:
    """`202608191127` as a time a parser knows."""
    return f"{text[:8]}T{text[8:]}" if len(text) == 12 and text.isdigit() else text
