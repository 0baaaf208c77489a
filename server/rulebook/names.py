"""The names that derivatives are listed on: indices and the NIFTY 50 shares."""

from datetime import date
from decimal import Decimal

import msgspec

from server.rulebook.rows import Row, Rows, unknown

__all__ = ("Names", "ShareRow", "Underlying")


class Underlying(msgspec.Struct, frozen=True, kw_only=True):
    """A name that futures and options are listed on: an index or a share."""

    name: str
    title: str
    kind: str
    """`INDEX` or `EQUITY`."""
    exchange: str
    """Cash exchange: NSE or BSE."""
    sector: str = ""
    isin: str = ""
    reference: Decimal
    """A real price level, for starting a simulation."""
    reference_day: date
    source: str = ""
    conf: str = ""


class _Index(Row, frozen=True, kw_only=True):
    name: str
    title: str
    exchange: str
    reference: Decimal
    reference_day: date


class _ShareLot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    from_expiry: date
    lot: int


class ShareRow(Row, frozen=True, kw_only=True):
    """A row of `shares.toml`."""

    symbol: str
    title: str
    sector: str
    isin: str
    fno: bool
    lots: list[_ShareLot]
    strike_gap: Decimal
    reference: Decimal
    reference_day: date


class Names:
    """Look-up by name."""

    def __init__(self, rows: Rows) -> None:
        self.shares = {row.symbol: row for row in rows.take("share", ShareRow)}
        self._all = {
            row.name: Underlying(
                name=row.name,
                title=row.title,
                kind="INDEX",
                exchange=row.exchange,
                reference=row.reference,
                reference_day=row.reference_day,
                source=row.source,
                conf=row.conf,
            )
            for row in rows.take("index", _Index)
        }
        for share in self.shares.values():
            self._all[share.symbol] = Underlying(
                name=share.symbol,
                title=share.title,
                kind="EQUITY",
                exchange="NSE",
                sector=share.sector,
                isin=share.isin,
                reference=share.reference,
                reference_day=share.reference_day,
                source=share.source,
                conf=share.conf,
            )

    def all(self, kind: str | None) -> tuple[Underlying, ...]:
        """Every name of a kind, indices first."""
        return tuple(u for u in self._all.values() if kind is None or u.kind == kind)

    def need(self, name: str) -> Underlying:
        """One of them; Invalid when it is not known."""
        found = self._all.get(name)
        if found is None:
            raise unknown("name", f"The rulebook does not know {name} as an underlying.", field="name")
        return found

    def row_key(self, name: str) -> str:
        """Key of the tables that hold one row for all shares."""
        return "SHARES" if self.need(name).kind == "EQUITY" else name
