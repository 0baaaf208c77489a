"""A proposal that every check allows, to be changed in one respect."""

from datetime import UTC, date
from decimal import Decimal
from typing import Any

import msgspec

from server.domain.books import Position
from server.domain.instruments import Instrument
from server.domain.orders import OrderRequest
from server.risk.limits import Limits
from server.risk.proposal import Proposal
from server.rulebook.sessions import Phase
from tests.instruments import option, share
from tests.trading import ist, quote

__all__ = ("CALL", "COIN", "RELIANCE", "phase", "propose")

RELIANCE = share("RELIANCE")
CALL = msgspec.structs.replace(option("NIFTY", date(2026, 12, 1), 24500, "CE"), freeze=1800)
COIN = Instrument(
    symbol="BTCUSDT",
    exchange="CRYPTO",
    kind="CRYPTO",
    name="BTC",
    segment="CRYPTO",
    tick=Decimal("0.01"),
    unit=Decimal("0.00001"),
    least_value=Decimal(5),
    currency="USDT",
)
ALL_TYPES = frozenset({"MARKET", "LIMIT", "SL", "SL-M"})


def phase(name: str = "continuous", **changes: Any) -> Phase:
    """A phase that takes everything."""
    fields: dict[str, Any] = {
        "name": name,
        "start": ist("09:15").astimezone(UTC),
        "end": ist("15:30").astimezone(UTC),
        "order_types": ALL_TYPES,
        "validities": frozenset({"DAY", "IOC"}),
        "disclosed": True,
    }
    return Phase(**{**fields, **changes})


def propose(instrument: Instrument = RELIANCE, limits: dict[str, Any] | None = None, **changes: Any) -> Proposal:
    """BUY 10 at 2500 of a share at 2500; request fields and proposal fields by name."""
    asked: dict[str, Any] = {
        "account": "paper-sim",
        "key": instrument.key,
        "side": "BUY",
        "quantity": 10 if instrument.lot == 1 else instrument.lot,
        "type": "LIMIT",
        "product": "MIS",
        "price": Decimal(2500),
    }
    for name in list(changes):
        if name in OrderRequest.__struct_fields__ and name != "price":
            asked[name] = changes.pop(name)
    if "price" in changes:
        asked["price"] = changes["price"]
    held = changes.pop("held", 0)
    fields: dict[str, Any] = {
        "request": OrderRequest(**asked),
        "instrument": instrument,
        "limits": Limits(**(limits or {})),
        "now": ist("10:00"),
        "phase": phase(),
        "order_types": ALL_TYPES,
        "quote": quote(instrument.key, "2500"),
        "fresh": True,
        "price": Decimal(2500),
        "position": Position(account="paper-sim", key=instrument.key, product=asked["product"], quantity=held),
        "equity_minor": 50_000_000,
        "day_result_minor": 0,
        "free_minor": 50_000_000,
        "need_minor": 500_000,
        "tokens": 5.0,
    }
    return Proposal(**{**fields, **changes})
