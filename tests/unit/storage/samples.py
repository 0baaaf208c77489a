"""Orders, fills and journal entries for storage tests, and a way to open storage in a test's folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from server.core.clock import ManualClock
from server.domain.accounts import Account
from server.domain.books import Book, Charges, Position, Posting
from server.domain.journal import AccountOpened, Entry, FillApplied, FundsMoved, Noted, OrderChanged, Payload
from server.domain.orders import Fill, Order
from server.storage.store import Storage

__all__ = (
    "ACCOUNT",
    "NIFTY_CALL",
    "NOW",
    "deposit",
    "entry",
    "filled",
    "intended",
    "make_order",
    "opened",
    "opening",
    "order_id",
    "posting",
    "story",
    "transfer",
)

NOW = datetime(2026, 11, 20, 4, 30, tzinfo=UTC)
ACCOUNT = "paper-sim"
NIFTY_CALL = "NFO:NIFTY01DEC2624500CE"


@asynccontextmanager
async def opened(folder: Path, clock: ManualClock | None = None) -> AsyncIterator[Storage]:
    """Storage on a folder, closed at the end."""
    storage = await Storage.open(folder, clock or ManualClock(NOW), version="0.1.0")
    try:
        yield storage
    finally:
        await storage.close()


def order_id(number: int) -> str:
    """The id of a test's n-th order: 20 characters that sort by number."""
    return f"01TEST{number:014d}"


def make_order(number: int = 1, **changes: Any) -> Order:
    """A LIMIT order to buy one lot of a NIFTY call, just intended."""
    base = Order(
        id=order_id(number),
        account=ACCOUNT,
        market="sim",
        broker="paper",
        mode="PAPER",
        key=NIFTY_CALL,
        side="BUY",
        quantity=65,
        type="LIMIT",
        product="NRML",
        price=Decimal("182.30"),
        trigger=None,
        validity="DAY",
        disclosed=0,
        after_market=False,
        protection=None,
        tag="",
        request_id=f"request-{number}",
        parent="",
        origin="user",
        state="SUBMITTING",
        created=NOW + timedelta(seconds=number),
        created_market=NOW,
        updated=NOW + timedelta(seconds=number),
    )
    return msgspec.structs.replace(base, **changes)


def entry(payload: Payload, seconds: float = 0.0, **changes: Any) -> Entry:
    """A payload on its way to the journal."""
    base = Entry(at=NOW + timedelta(seconds=seconds), actor="owner", correlation="c-1", payload=payload)
    return msgspec.structs.replace(base, **changes)


def posting(transaction: str, book: Book, minor: int, **changes: Any) -> Posting:
    """One posting."""
    base = Posting(
        transaction=transaction, account=ACCOUNT, book=book, minor=minor, kind="trade", at=NOW, at_market=NOW
    )
    return msgspec.structs.replace(base, **changes)


def transfer(transaction: str, source: Book, target: Book, minor: int, **changes: Any) -> tuple[Posting, ...]:
    """Two postings that move an amount from one book to another."""
    return (posting(transaction, source, -minor, **changes), posting(transaction, target, minor, **changes))


def opening() -> Entry:
    """The paper account with its five lakh."""
    account = Account(id=ACCOUNT, title="Paper", broker="paper", market="sim", mode="PAPER")
    return entry(
        AccountOpened(account=account, postings=transfer("open", "capital", "cash", 5_00_000_00, kind="deposit"))
    )


def deposit(number: int, minor: int = 1_000_00) -> Entry:
    """Money paid in."""
    moved = transfer(f"deposit-{number}", "capital", "cash", minor, kind="deposit")
    return entry(FundsMoved(account=ACCOUNT, reason="pocket money", postings=moved))


def intended(number: int = 1, **changes: Any) -> Entry:
    """An order's intent, with margin held for it."""
    order = make_order(number, **changes)
    held = transfer(f"hold-{order.id}", "cash", "margin", 1_18_495, kind="hold", reference=order.id)
    return entry(OrderChanged(event="intended", order=order, postings=held), number)


def filled(number: int = 1, execution: str = "", quantity: int = 65, price: str = "182.25") -> Entry:
    """A whole fill of an order: order, position, ledger."""
    execution = execution or f"X{number}"
    order = make_order(number, state="FILLED", filled=quantity, average=Decimal(price), broker_id=f"P{number}")
    fill = Fill(
        execution=execution,
        account=ACCOUNT,
        order=order.id,
        key=order.key,
        side="BUY",
        quantity=quantity,
        price=Decimal(price),
        at=NOW + timedelta(seconds=number),
        at_market=NOW,
        liquidity="taker",
    )
    value = int(Decimal(price) * quantity * 100)
    position = Position(
        account=ACCOUNT,
        key=order.key,
        product="NRML",
        quantity=quantity,
        cost_minor=value,
        buy_quantity=quantity,
        buy_value_minor=value,
        day=NOW.date(),
    )
    postings = (
        *transfer(f"{execution}-1", "cash", "positions", value, reference=execution),
        *transfer(f"{execution}-2", "cash", "charges", 2_360, kind="charge", reference=execution),
        *transfer(f"{execution}-3", "margin", "cash", 1_18_495, kind="release", reference=order.id),
    )
    charges = Charges(brokerage=Decimal(20), gst=Decimal("3.60"))
    return entry(
        FillApplied(fill=fill, order=order, position=position, charges=charges, postings=postings), number + 0.5
    )


def story(numbers: range) -> list[tuple[Entry, ...]]:
    """Units of a small trading day: the account, then each order's intent and fill, and a note now and then."""
    units: list[tuple[Entry, ...]] = [(opening(),)]
    for number in numbers:
        units.append((intended(number),))
        units.append((filled(number), entry(Noted(what="order.done", detail={"number": number}), number + 0.6)))
    return units
