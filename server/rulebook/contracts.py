"""Contract specifications: lots, freeze quantities, ticks and strike gaps."""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from server.core.errors import Invalid
from server.rulebook.expiries import Expiries
from server.rulebook.names import Names
from server.rulebook.rows import Row, Rows, unknown

__all__ = ("Contracts",)

_CASH_OF = {"NSE": "NSE", "NFO": "NSE", "NSE_INDEX": "NSE", "BSE": "BSE", "BFO": "BSE", "BSE_INDEX": "BSE"}


class _Lot(Row, frozen=True, kw_only=True):
    names: list[str]
    terms: list[Literal["weekly", "monthly"]]
    lot: int


class _Freeze(Row, frozen=True, kw_only=True):
    units: dict[str, int]


class _Band(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tick: Decimal
    below: Decimal | None = None
    upto: Decimal | None = None


class _Tick(Row, frozen=True, kw_only=True):
    keys: list[str]
    by: Literal["own", "underlying"]
    bands: list[_Band]


class _StrikeGap(Row, frozen=True, kw_only=True):
    names: list[str]
    near: Decimal
    far: Decimal


class Contracts:
    """Answers by name and day."""

    def __init__(self, rows: Rows, names: Names, expiries: Expiries) -> None:
        self._names = names
        self._expiries = expiries
        self._lots = rows.table("lot", _Lot, lambda r: [f"{n} {t}" for n in r.names for t in r.terms])
        self._freeze = rows.table("freeze", _Freeze, lambda r: r.units)
        self._ticks = rows.table("tick", _Tick, lambda r: r.keys)
        self._gaps = rows.table("strike_gap", _StrikeGap, lambda r: r.names)
        self.tables = {"lot": self._lots, "freeze": self._freeze, "tick": self._ticks, "strike_gap": self._gaps}

    def lot(self, name: str, expiry: date) -> int:
        """Units in a lot of the contract that expires on `expiry`."""
        term = self._expiries.term(name, expiry)
        share = self._names.shares.get(name)
        if share is None:
            return self._lots.need(f"{name} {term}", expiry, "lot").lot
        held = [entry.lot for entry in share.lots if entry.from_expiry <= expiry]
        if not held:
            raise unknown("lot", f"The rulebook has no lot for {name} expiring on {expiry}.", field="expiry")
        return held[-1]

    def freeze(self, name: str, day: date) -> int | None:
        """Largest units of one order; None = no limit known."""
        self._names.need(name)
        row = self._freeze.at(name, day)
        return row.units[name] if row else None

    def tick(self, segment: str, price: Decimal, day: date, exchange: str) -> Decimal:
        """Price step by segment and the price that decides it."""
        cash = _CASH_OF.get(exchange)
        kind = "CASH" if segment.startswith("CASH") else segment
        row = self._ticks.need(f"{cash or exchange}_{kind}", day, "tick")
        for band in row.bands:
            if (band.below is None or price < band.below) and (band.upto is None or price <= band.upto):
                return band.tick
        raise Invalid(f"No tick for a price of {price}.", code="rules.price", field="price")

    def strike_gap(self, name: str, day: date, expiry: date | None) -> Decimal:
        """Distance between strikes near the money, in the contract that expires on `expiry` (None = a near month)."""
        self._names.need(name)
        share = self._names.shares.get(name)
        if share is not None:
            return share.strike_gap
        row = self._gaps.need(name, day, "strike_gap")
        if expiry is None or row.near == row.far:
            return row.near
        near = self._expiries.near_until(name, day)
        return row.near if expiry <= near else row.far
