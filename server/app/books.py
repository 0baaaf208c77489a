"""Opening accounts and loading their books from disk: at start-up, and again after a failed write."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from server.core.clock import Clock
from server.domain.accounts import Account
from server.domain.journal import AccountOpened, Entry
from server.ledger.funds import DayTotals
from server.ledger.ledger import Ledger, PastFill
from server.ledger.story import KEEP_DAYS
from server.storage.store import Storage

__all__ = ("load_books", "open_account")

_log = structlog.get_logger("books")


async def load_books(
    storage: Storage, ledger: Ledger, accounts: Mapping[str, Account], plan: Callable[[Account], str]
) -> None:
    """Make the ledger in memory what the tables say, for every account."""
    balances = await storage.postings.load_balances()
    holds = await storage.postings.load_holds()
    positions = await storage.positions.load_all()
    seen = await storage.fills.load_executions()
    for account in accounts.values():
        newest = await storage.fills.page(account.id, limit=1)
        since = newest[0].fill.at_market - timedelta(days=KEEP_DAYS) if newest else None
        trades = [] if since is None else await storage.fills.load_since(since)
        marks = [] if since is None else await storage.marks.load_since(since)
        today = DayTotals()
        if newest:
            for posting in await storage.postings.load_since(account.id, _day_before(newest[0].fill.at_market)):
                today.add(posting)
        ledger.load(
            account.id,
            plan(account),
            balances={book: minor for (owner, book), minor in balances.items() if owner == account.id},
            holds={reference: minor for (owner, reference), minor in holds.items() if owner == account.id},
            positions=[p for p in positions if p.account == account.id],
            fills=[PastFill(t.fill, t.product, t.charges) for t in trades if t.fill.account == account.id],
            marks=[mark for mark in marks if mark.account == account.id],
            seen=[execution for owner, execution in seen if owner == account.id],
            today=today,
        )


async def open_account(
    account: Account, capital_minor: int, *, storage: Storage, ledger: Ledger, clock: Clock, now: datetime, plan: str
) -> None:
    """Open a new account with its first money (0: none, a live account), in one journal entry."""
    ledger.load(account.id, plan)
    postings = ledger.deposit(account.id, capital_minor, "Opening balance", now) if capital_minor else ()
    await storage.journal.commit(
        Entry(
            at=clock.now(),
            actor="system",
            subject=account.id,
            payload=AccountOpened(account=account, postings=postings),
        )
    )
    ledger.fold(postings)
    _log.info("account_opened", account=account.id, capital_minor=capital_minor)


def _day_before(moment: datetime) -> datetime:
    return moment - timedelta(days=1)
