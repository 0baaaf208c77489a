"""FYERS' symbol masters: CSV without a head (21 columns by place), one file a segment."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

from server.brokers.kit.moments import IST, epoch
from server.brokers.kit.reading import inflate, number, refuse
from server.domain.brokerage import ListingLine

__all__ = ("read_master",)

BROKER = "fyers"
D = Decimal
_COLUMNS = 18


def read_master(body: bytes) -> list[ListingLine]:
    """Every row; a first line of names, which some copies have, is passed over."""
    try:
        text = inflate(BROKER, "instruments", body).decode("utf-8-sig")
    except UnicodeDecodeError:
        refuse(BROKER, "instruments", "$", "it is not UTF-8 text")
    rows = csv.reader(io.StringIO(text, newline=""))
    found = []
    try:
        for row in rows:
            line = rows.line_num
            if not row or (line == 1 and not row[0].strip().isdigit()):
                if row and len(row) < _COLUMNS:
                    refuse(BROKER, "instruments", "line 1", f"expected {_COLUMNS} columns or more, got {len(row)}")
                continue
            found.append(_listing(line, row))
    except csv.Error as error:
        refuse(BROKER, "instruments", f"line {rows.line_num}", f"it is no CSV ({error})")
    return found


def _listing(line: int, row: list[str]) -> ListingLine:
    path = f"line {line}"
    if len(row) < _COLUMNS:
        refuse(BROKER, "instruments", path, f"expected {_COLUMNS} columns or more, got {len(row)}")
    token, symbol = row[0].strip(), row[9].strip()
    exchange, _, name = symbol.partition(":")
    if not token.isdigit() or not name:
        refuse(BROKER, "instruments", path, "expected a token and a symbol")

    def figure(place: int, word: str) -> Decimal | None:
        return number(BROKER, "instruments", f"{path}, {word}", row[place] if row[place] not in ("None", "XX") else "")

    expiry, right = _expiry(f"{path}, expiry", row[8]), row[16].strip()
    strike = figure(15, "strike")
    kind: Any = "EQUITY"
    if name.endswith("-INDEX"):
        kind = "INDEX"
    elif expiry is not None:
        kind = "OPTION" if right in ("CE", "PE") else "FUTURE"
    derivative = kind in ("FUTURE", "OPTION")
    return ListingLine(
        symbol=symbol,
        exchange=exchange,
        token=token,
        exchange_token=row[12].strip(),
        name=row[13].strip() if derivative else name.partition("-")[0],
        title="" if derivative else row[1].strip(),
        kind=kind,
        raw_kind=row[2].strip(),
        expiry=expiry if derivative else None,
        strike=strike if kind == "OPTION" else None,
        right=right if kind == "OPTION" else None,  # type: ignore[arg-type]
        lot=figure(3, "lot") or D(1),
        tick=figure(4, "tick") or None,
        isin=row[5].strip(),
        currency="INR",
        tradable=kind != "INDEX",
    )


def _expiry(path: str, raw: str) -> date | None:
    text = raw.strip()
    if not text or text in ("None", "XX"):
        return None
    value = number(BROKER, "instruments", path, text)
    if value is None or value <= 0:
        return None
    moment = epoch(BROKER, "instruments", path, int(value), "s")
    return moment.astimezone(IST).date() if moment is not None else None
