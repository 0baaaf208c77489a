"""The wallet: what is free, held and earned; deposits and withdrawals of paper money; the statement."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from server.api.context import Context
from server.api.orders import OWNER
from server.api.positions import prices_of
from server.api.strict import Strict
from server.api.wire import Page, money
from server.core.clock import IST
from server.core.errors import Invalid
from server.core.logs import correlation
from server.domain.books import Book
from server.domain.money import to_minor

__all__ = ("ROUTES", "funds_of")

_MOST = 10_000_000_000
"""Rupees in one step: 1,000 crore."""
_AMOUNT = re.compile(r"[0-9]{1,20}(\.[0-9]{1,2})?")


class FundsWire(msgspec.Struct, frozen=True, kw_only=True):
    """Money of one account, in rupees."""

    account: str
    cash: str
    margin: str
    free: str
    capital: str
    positions: str
    realised: str
    realised_today: str
    unrealised: str
    charges: str
    charges_today: str
    tax: str
    tax_today: str
    equity: str


class Transfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Paper money in or out."""

    account: str
    amount: str
    """Rupees with at most two decimals, as `1000.00`."""
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One posting with the balance of its book after it."""

    at: datetime
    at_market: datetime
    transaction: str
    kind: str
    book: str
    key: str
    reference: str
    amount: str
    balance: str


def funds_of(context: Context, account_id: str) -> FundsWire:
    """Funds of an account, open profit at the last prices."""
    account = context.account(account_id)
    market = context.market(account.market)
    keys = {p.key for p in context.ledger.positions(account_id) if p.quantity}
    funds = context.ledger.funds(account_id, prices_of(market, keys))
    return FundsWire(
        account=account_id,
        cash=money(funds.cash_minor),
        margin=money(funds.margin_minor),
        free=money(funds.free_minor),
        capital=money(funds.capital_minor),
        positions=money(funds.positions_minor),
        realised=money(funds.realised_minor),
        realised_today=money(funds.realised_today_minor),
        unrealised=money(funds.unrealised_minor),
        charges=money(funds.charges_minor),
        charges_today=money(funds.charges_today_minor),
        tax=money(funds.tax_minor),
        tax_today=money(funds.tax_today_minor),
        equity=money(funds.equity_minor),
    )


@get("/api/v1/funds", tags=["Wallet"], summary="What is free, held and earned", sync_to_thread=False)
def funds(context: NamedDependency[Context], account: FromQuery[str] = "paper-sim") -> FundsWire:
    """Open profit is marked at the last known prices."""
    return funds_of(context, account)


@post(
    "/api/v1/funds/deposit",
    dto=Strict[Transfer],
    return_dto=None,
    tags=["Wallet"],
    summary="Pay paper money in",
    status_code=200,
)
async def deposit(context: NamedDependency[Context], data: JSONBody[Transfer]) -> FundsWire:
    """Only into paper accounts."""
    return await _move(context, data, "deposit")


@post(
    "/api/v1/funds/withdraw",
    dto=Strict[Transfer],
    return_dto=None,
    tags=["Wallet"],
    summary="Take paper money out",
    status_code=200,
)
async def withdraw(context: NamedDependency[Context], data: JSONBody[Transfer]) -> FundsWire:
    """At most what is free."""
    return await _move(context, data, "withdraw")


@get("/api/v1/statement", tags=["Wallet"], summary="Postings, newest first")
async def statement(
    context: NamedDependency[Context],
    account: FromQuery[str] = "paper-sim",
    start: Annotated[date | None, QueryParameter(name="from", description="IST date, inclusive")] = None,
    end: Annotated[date | None, QueryParameter(name="to", description="IST date, inclusive")] = None,
    book: Annotated[Book | Literal["all"], QueryParameter(description="one book only, as `cash`")] = "cash",
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    before: Annotated[int | None, QueryParameter(ge=0, le=2**62)] = None,
) -> Page[Line]:
    """Each line carries the balance of its book after it; book `all` mixes them."""
    context.account(account)
    found = await context.reads.postings.statement(
        account,
        books=() if book == "all" else (book,),
        start=_midnight(start),
        end=_midnight(end, 1),
        limit=limit,
        before=before,
    )
    items = [
        Line(
            at=line.posting.at,
            at_market=line.posting.at_market,
            transaction=line.posting.transaction,
            kind=line.posting.kind,
            book=line.posting.book,
            key=line.posting.key,
            reference=line.posting.reference,
            amount=money(line.posting.minor),
            balance=money(line.balance_minor),
        )
        for line in found
    ]
    return Page(items, str(found[-1].id) if len(found) == limit else None)


async def _move(context: Context, data: Transfer, direction: Literal["deposit", "withdraw"]) -> FundsWire:
    reason = data.reason or direction.capitalize()
    await context.orders.move_funds(
        data.account, direction, _minor(data.amount), reason, actor=OWNER, correlation=correlation.get()
    )
    return funds_of(context, data.account)


def _minor(text: str) -> int:
    """Paise of an amount written plainly: no sign, exponent, blank or grouping, which people read differently."""
    well = _AMOUNT.fullmatch(text) is not None
    if not well or not 0 < (amount := Decimal(text)) <= _MOST:
        shown = text if len(text) <= 24 else f"{text[:20]}..."
        raise Invalid(
            f"{shown!r} is not an amount between 0.01 and {_MOST}."
            if well
            else f"{shown!r} is not an amount in rupees and paise.",
            code="funds.amount",
            field="amount",
            limit=f"0.01 to {_MOST}",
            value=shown,
            remedy="Write rupees with at most two decimals, as 1000.00.",
        )
    return to_minor(amount)


def _midnight(day: date | None, days_later: int = 0) -> datetime | None:
    """Start of a day in India; None for no day, or one beyond the calendar's end."""
    if day is None or day == date.max:
        return None
    return datetime.combine(day + timedelta(days=days_later), time.min, IST)


ROUTES = (funds, deposit, withdraw, statement)
