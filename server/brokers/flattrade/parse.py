"""Flattrade's answers (a Noren back end) and its own instrument files -> lines and events. Pure."""

import csv
import io
from decimal import Decimal

from server.brokers.kit.fields import Fields
from server.brokers.kit.moments import IST as _IST
from server.brokers.kit.reading import Parser
from server.brokers.noren.parse import Noren, kind_of
from server.domain.brokerage import Event, ListingLine

__all__ = ("PARSERS", "decode_orders", "decode_stream")

_NOREN = Noren("flattrade")
_MASTER = Fields("flattrade", "instruments")
_NEEDED = frozenset({"Exchange", "Token", "Symbol", "Tradingsymbol"})


def instruments(body: bytes) -> list[ListingLine]:
    """A master CSV of one segment, or the JSON of a search."""
    if body.lstrip()[:1] in (b"{", b""):
        return _NOREN.scrips(body)
    try:
        rows = csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
        if not set(rows.fieldnames or ()) >= _NEEDED:
            _MASTER.fail("line 1", "expected the columns Exchange, Token, Symbol and Tradingsymbol")
        return [_listing(f"line {n}", row) for n, row in enumerate(rows, start=2)]
    except (csv.Error, UnicodeDecodeError) as error:
        return _MASTER.fail("$", f"it is not CSV ({error})"[:160])


def _listing(path: str, row: dict[str, str | None]) -> ListingLine:
    instrument, right = row.get("Instrument") or "", (row.get("Optiontype") or "").strip().upper()
    expires = _MASTER.local(f"{path} Expiry", (row.get("Expiry") or "").strip(), "%d-%b-%Y", "%d-%m-%Y", "%Y-%m-%d")
    lot = _MASTER.number(f"{path} Lotsize", row.get("Lotsize"))
    return ListingLine(
        symbol=_MASTER.text(f"{path} Tradingsymbol", row["Tradingsymbol"]),
        exchange=_MASTER.text(f"{path} Exchange", row["Exchange"]),
        token=_MASTER.text(f"{path} Token", row["Token"]),
        name=row["Symbol"] or "",
        kind=kind_of(instrument.strip()),
        raw_kind=instrument,
        expiry=expires.astimezone(_IST).date() if expires else None,
        strike=_MASTER.price(f"{path} Strike", row.get("Strike")),
        right="CE" if right == "CE" else "PE" if right == "PE" else None,
        lot=lot or Decimal(1),
        currency="INR",
    )


def decode_stream(frame: bytes | str) -> list[Event]:
    """One socket message."""
    return _NOREN.decode_stream(frame)


def decode_orders(frame: bytes | str) -> list[Event]:
    """Order updates come over the price socket, as `om`."""
    return _NOREN.decode_stream(frame)


PARSERS: dict[str, Parser] = {**_NOREN.parsers(), "instruments": instruments}
