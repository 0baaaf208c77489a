"""The ledger: current books of each account, folded from fills and postings and from nothing else.

`apply` and the money calls compute and change nothing; the caller commits what they return to the journal and then
folds it here with `commit` or `fold`. Between the two nothing else may be computed for the same account, or it would
start from old books: the order path keeps one account's fills in line.

A fill is known by (account, execution); one seen before gives None. A fill that comes late is put where its market
time belongs and the position is folded again (`story`), so the books do not depend on the order of arrival.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec

from server.core.clock import Clock
from server.core.errors import Invalid, NotFound
from server.core.ids import Ids
from server.domain.books import Book, Charges, Mark, Position, Posting
from server.domain.instruments import Instrument
from server.domain.money import to_minor, to_text
from server.domain.orders import Fill, Order, Product
from server.ledger.books import charge_minor, market_day, pays_principal, post_fill, tax_minor, transfer
from server.ledger.charging import Charged, Rates, charge_fill
from server.ledger.depository import Deliveries, post_depository
from server.ledger.funds import DayTotals, Funds
from server.ledger.story import KEEP_DAYS, Story

__all__ = ("POSITIONS", "Applied", "Ledger", "Marked", "PastFill")

POSITIONS = "positions"
"""Reference of the margin held for open positions as a whole; holds for orders carry the order's id."""

_BOOKS: tuple[Book, ...] = ("cash", "capital", "margin", "positions", "profit", "charges", "tax")


class PastFill(msgspec.Struct, frozen=True):
    """A fill already in the journal, for loading."""

    fill: Fill
    product: Product
    charges: Charges


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What a fill does to the books: for the journal's `FillApplied`, then for `Ledger.commit`."""

    fill: Fill
    position: Position
    charges: Charges
    postings: tuple[Posting, ...]
    charged: Charged
    """The order's running total of charges."""


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """What a day's settlement price does to a future: for the journal's `PositionMarked`, then `commit_mark`."""

    mark: Mark
    position: Position
    postings: tuple[Posting, ...]


class _Books:
    """State of one account."""

    def __init__(self, plan: str) -> None:
        self.plan = plan
        self.balances: dict[Book, int] = dict.fromkeys(_BOOKS, 0)
        self.holds: dict[str, int] = {}
        self.stories: dict[tuple[str, Product], Story] = {}
        self.open: dict[tuple[str, Product], Position] = {}
        """Those of them that are not flat: a day's finished trades must not make the next order dearer."""
        self.seen: set[str] = set()
        self.charged: dict[str, Charged] = {}
        self.charged_on: dict[date, list[str]] = {}
        self.deliveries = Deliveries()
        self.marks: set[tuple[str, Product, date]] = set()
        self.today = DayTotals()

    def stand(self, position: Position) -> None:
        """A position is now as given."""
        place = (position.key, position.product)
        if position.quantity:
            self.open[place] = position
        else:
            self.open.pop(place, None)

    def charge(self, order: str, day: date, total: Charged) -> None:
        """Remember what an order has been charged, for as long as late fills are awaited."""
        if order not in self.charged:
            self.charged_on.setdefault(day, []).append(order)
        self.charged[order] = total
        for old in [d for d in self.charged_on if d < day - timedelta(days=KEEP_DAYS)]:
            for done in self.charged_on.pop(old):
                self.charged.pop(done, None)


class Ledger:
    """Books of all accounts; see the module's text for how to use it."""

    def __init__(self, rates: Rates, ids: Ids, clock: Clock) -> None:
        self._rates = rates
        self._ids = ids
        self._clock = clock
        self._accounts: dict[str, _Books] = {}

    def load(
        self,
        account: str,
        plan: str,
        *,
        balances: Mapping[Book, int] | None = None,
        holds: Mapping[str, int] | None = None,
        positions: Sequence[Position] = (),
        fills: Iterable[PastFill] = (),
        marks: Iterable[Mark] = (),
        seen: Iterable[str] = (),
        today: DayTotals | None = None,
    ) -> None:
        """Open an account, from storage or empty.

        Args:
            plan: whose brokerage it pays, `zerodha`.
            balances: sum of postings by book.
            holds: sum of margin postings by reference; together they make the margin book.
            fills: those of the last `KEEP_DAYS`, any order; they also restore the charges of orders half filled.
            marks: those of the same days.
            seen: further execution ids already applied.
            today: totals of the newest market day.
        """
        books = _Books(plan)
        books.balances.update(balances or {})
        books.holds.update({k: v for k, v in (holds or {}).items() if v})
        books.today = today or DayTotals()
        past: dict[tuple[str, Product], list[Fill]] = {}
        for item in fills:
            books.seen.add(item.fill.execution)
            past.setdefault((item.fill.key, item.product), []).append(item.fill)
            total = books.charged.get(item.fill.order, Charged()).and_also(item.fill, item.charges)
            books.charge(item.fill.order, market_day(item.fill.at_market), total)
            books.deliveries.add(item.fill, item.product)
        books.seen.update(seen)
        marked: dict[tuple[str, Product], list[Mark]] = {}
        for mark in marks:
            books.marks.add((mark.key, mark.product, mark.day))
            marked.setdefault((mark.key, mark.product), []).append(mark)
        for position in positions:
            place = (position.key, position.product)
            books.stories[place] = Story(position, past.get(place, ()), marked.get(place, ()))
            books.stand(position)
        self._accounts[account] = books

    def seen(self, account: str, execution: str) -> bool:
        """Whether this execution is in the books already."""
        return execution in self._of(account).seen

    def apply(self, fill: Fill, product: Product, instrument: Instrument, *, origin: str = "user") -> Applied | None:
        """What `fill` changes; None when it is in the books already. Changes nothing itself.

        `fill.order` must be the order's own id; `origin` is the order's (a square-off pays the broker's fee).
        """
        books = self._of(fill.account)
        if fill.execution in books.seen:
            return None
        old = self.position(fill.account, fill.key, product)
        before = books.charged.get(fill.order, Charged())
        day = market_day(fill.at_market)
        charged, charges = charge_fill(self._rates, books.plan, instrument, product, fill, day, before, origin)
        new = books.stories.get((fill.key, product), Story(old)).after(fill)
        fee, tax = charge_minor(charges), tax_minor(charges)
        sign, due = books.deliveries.known_due(self._rates, books.plan, instrument, product, fill)
        delivery = sign * to_minor(due.total)
        new = msgspec.structs.replace(new, charges_minor=old.charges_minor + fee + tax + delivery)
        postings = post_fill(old, new, fill, charged_minor=fee, taxed_minor=tax)
        if sign:
            postings += post_depository(fill, sign, due)
        return Applied(fill=fill, position=new, charges=charges, postings=postings, charged=charged)

    def commit(self, applied: Applied) -> None:
        """Fold what `apply` gave, once it is in the journal. A second time changes nothing."""
        fill = applied.fill
        books = self._of(fill.account)
        if fill.execution in books.seen:
            return
        books.seen.add(fill.execution)
        books.deliveries.add(fill, applied.position.product)
        self.fold(applied.postings)
        day = market_day(fill.at_market)
        books.today.turn(day)
        books.charge(fill.order, day, applied.charged)
        place = (fill.key, applied.position.product)
        if place not in books.stories:
            books.stories[place] = Story(Position(account=fill.account, key=fill.key, product=place[1]))
        books.stories[place].add(fill, applied.position)
        books.stand(applied.position)

    def mark_to_market(self, mark: Mark) -> Marked | None:
        """What a day's settlement price changes; None when there is nothing to mark, or it is marked already."""
        books = self._of(mark.account)
        story = books.stories.get((mark.key, mark.product))
        if story is None or (mark.key, mark.product, mark.day) in books.marks:
            return None
        old, new = story.position, story.after(mark)
        if new == old:
            return None
        postings = transfer(
            self._ids.next(),
            mark.account,
            "cash",
            "profit",
            new.realised_minor - old.realised_minor,
            kind="mark",
            reference=str(mark.price),
            at=self._clock.now(),
            at_market=mark.at_market,
            key=mark.key,
        )
        return Marked(mark=mark, position=new, postings=postings)

    def commit_mark(self, marked: Marked) -> None:
        """Fold what `mark_to_market` gave, once it is in the journal. A second time changes nothing."""
        mark = marked.mark
        books = self._of(mark.account)
        if (mark.key, mark.product, mark.day) in books.marks:
            return
        books.marks.add((mark.key, mark.product, mark.day))
        self.fold(marked.postings)
        books.stories[mark.key, mark.product].add(mark, marked.position)
        books.stand(marked.position)

    def depository(self, account: str, instrument: Instrument, product: Product, signed: int, day: date) -> Charges:
        """The depository's charge (in `other` and `gst`) that `signed` more units would bring on `day`.

        Raises Invalid where the rulebook does not know it."""
        books = self._of(account)
        sign, due = books.deliveries.due(self._rates, books.plan, instrument, product, signed, day)
        return due if sign > 0 else Charges()

    def fold(self, postings: Iterable[Posting]) -> None:
        """Add postings, once they are in the journal, to the balances (fills go through `commit`)."""
        books, account = None, ""
        for posting in postings:
            if books is None or posting.account != account:
                account = posting.account
                books = self._of(account)
            books.balances[posting.book] += posting.minor
            books.today.add(posting)
            if posting.book == "margin":
                left = books.holds.get(posting.reference, 0) + posting.minor
                if left:
                    books.holds[posting.reference] = left
                else:
                    books.holds.pop(posting.reference, None)

    def hold(self, order: Order, minor: int, at_market: datetime) -> tuple[Posting, ...]:
        """Postings that make the margin held for `order` exactly `minor` paise (more, less, or none)."""
        return self._hold(order.account, order.id, minor, at_market, order.key)

    def release(self, order: Order, at_market: datetime) -> tuple[Posting, ...]:
        """Postings that give back all that is held for `order`."""
        return self._hold(order.account, order.id, 0, at_market, order.key)

    def adjust_hold(self, account: str, need_minor: int, at_market: datetime) -> tuple[Posting, ...]:
        """Postings that make the margin held for the account's open positions exactly `need_minor`."""
        return self._hold(account, POSITIONS, need_minor, at_market, "")

    def state_free(self, account: str, free_minor: int, at_market: datetime) -> tuple[Posting, ...]:
        """Postings that make the free money exactly what the broker states: margin, mark-to-market, charges and
        payments he has counted and we have not. For live accounts, whose money is his to count."""
        change = free_minor - self.funds(account).free_minor
        return transfer(
            self._ids.next(),
            account,
            "cash",
            "capital",
            change,
            kind="statement",
            reference="Broker's statement",
            at=self._clock.now(),
            at_market=at_market,
        )

    def held(self, account: str, reference: str) -> int:
        """Paise held for an order id, or for `POSITIONS`."""
        return self._of(account).holds.get(reference, 0)

    def holds(self, account: str) -> dict[str, int]:
        """All holds by reference."""
        return dict(self._of(account).holds)

    def deposit(self, account: str, minor: int, reason: str, at_market: datetime) -> tuple[Posting, ...]:
        """Postings that pay `minor` paise in. Raises Invalid unless positive."""
        return self._move(account, minor, "deposit", reason, at_market)

    def withdraw(self, account: str, minor: int, reason: str, at_market: datetime) -> tuple[Posting, ...]:
        """Postings that take `minor` paise out. Raises Invalid unless positive and free."""
        free = self.funds(account).free_minor
        if minor > free:
            raise Invalid(
                f"Only {to_text(free)} is free to take out",
                code="funds.free",
                field="amount",
                limit=to_text(free),
                value=to_text(minor),
                remedy="Take out less, or close positions and orders that hold margin.",
            )
        return self._move(account, minor, "withdrawal", reason, at_market)

    def balances(self, account: str) -> dict[Book, int]:
        """Paise by book; they sum to zero at all times."""
        return dict(self._of(account).balances)

    def position(self, account: str, key: str, product: Product) -> Position:
        """One position, flat if there never was one."""
        story = self._of(account).stories.get((key, product))
        return story.position if story else Position(account=account, key=key, product=product)

    def positions(self, account: str) -> list[Position]:
        """All positions ever touched since they were loaded, flat ones too."""
        return [story.position for story in self._of(account).stories.values()]

    def open_positions(self, account: str) -> list[Position]:
        """Those that are not flat."""
        return list(self._of(account).open.values())

    def mark(self, account: str, prices: Mapping[str, Decimal]) -> dict[tuple[str, Product], int]:
        """Open profit in paise by (key, product) for each open position that has a price."""
        return {
            place: to_minor(position.worth(prices[position.key])) - position.cost_minor
            for place, position in self._of(account).open.items()
            if position.key in prices
        }

    def funds(self, account: str, prices: Mapping[str, Decimal] | None = None) -> Funds:
        """Money of the account; without prices, open profit and loss count as nothing."""
        books = self._of(account)
        marks = self.mark(account, prices or {})
        margined = sum(minor for (key, product), minor in marks.items() if not pays_principal(key, product))
        balance = books.balances
        return Funds(
            account=account,
            cash_minor=balance["cash"] + balance["margin"],
            margin_minor=balance["margin"],
            free_minor=balance["cash"] + min(0, margined),
            capital_minor=-balance["capital"],
            positions_minor=balance["positions"],
            realised_minor=-balance["profit"],
            charges_minor=balance["charges"],
            tax_minor=balance["tax"],
            unrealised_minor=sum(marks.values()),
            realised_today_minor=books.today.realised_minor,
            charges_today_minor=books.today.charges_minor,
            tax_today_minor=books.today.tax_minor,
            day=books.today.day,
        )

    def _of(self, account: str) -> _Books:
        books = self._accounts.get(account)
        if books is None:
            raise NotFound(f"There is no account {account}", code="account.unknown", field="account")
        return books

    def _hold(self, account: str, reference: str, minor: int, at_market: datetime, key: str) -> tuple[Posting, ...]:
        change = minor - self._of(account).holds.get(reference, 0)
        if not change:
            return ()
        return transfer(
            self._ids.next(),
            account,
            "margin",
            "cash",
            change,
            kind="hold" if change > 0 else "release",
            reference=reference,
            key=key,
            at=self._clock.now(),
            at_market=at_market,
        )

    def _move(self, account: str, minor: int, kind: str, reason: str, at_market: datetime) -> tuple[Posting, ...]:
        self._of(account)
        if minor <= 0:
            raise Invalid(
                "The amount must be more than zero", code="funds.amount", field="amount", value=to_text(minor)
            )
        return transfer(
            self._ids.next(),
            account,
            "cash",
            "capital",
            minor if kind == "deposit" else -minor,
            kind=kind,
            reference=reason,
            at=self._clock.now(),
            at_market=at_market,
        )
