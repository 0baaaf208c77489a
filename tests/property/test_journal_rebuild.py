"""Whatever is journalled, in whatever groups: tables equal a replay, the chain holds, and each book adds up.

Hypothesis makes the journals. SAUDA_LONG=1 runs many more of them.
"""

import asyncio
import os
import tempfile
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.audit.verify import verify
from server.core.errors import Conflict
from server.domain.accounts import Account
from server.domain.books import Book, Charges, Mark, Position, Posting
from server.domain.journal import (
    AccountOpened,
    BasketChanged,
    Entry,
    FillApplied,
    FundsMoved,
    MarketMoved,
    Noted,
    OrderChanged,
    ParentChanged,
    PositionMarked,
    RiskChanged,
    SettingChanged,
    StrategyChanged,
    TriggerChanged,
)
from server.domain.orders import Fill, Order, OrderState, OrderType, Product, Side
from server.storage.columns import from_us
from server.storage.tables import PROJECTED
from tests.unit.storage.samples import opened

EXAMPLES = 2_000 if os.environ.get("SAUDA_LONG") else 15

moments = st.integers(1_577_836_800_000_000, 2_051_222_400_000_000).map(from_us)  # 2020 to 2035, any microsecond
days = st.dates(date(2020, 1, 1), date(2035, 1, 1))
prices = st.decimals(min_value=0, max_value=10**7, places=2) | st.decimals(
    min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False
)
maybe = st.none() | prices
words = st.text(max_size=12)
names = st.sampled_from(("a", "b", "c", "é ’ ₹", "x'; DROP TABLE orders; --"))
whole = st.integers(-(2**40), 2**40)
plain: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | whole | st.floats() | words | prices,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
bodies = st.dictionaries(words, plain, max_size=4)


def literal(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a Literal."""
    return st.sampled_from(get_args(kind))


@st.composite
def postings(draw: st.DrawFn) -> tuple[Posting, ...]:
    """A few transactions, each summing to zero."""
    made: list[Posting] = []
    for number in range(draw(st.integers(0, 2))):
        amounts = draw(st.lists(whole, min_size=1, max_size=3))
        made += [
            Posting(
                transaction=f"t{number}",
                account=draw(names),
                book=draw(literal(Book)),
                minor=minor,
                kind=draw(words),
                key=draw(words),
                reference=draw(names),
                at=draw(moments),
                at_market=draw(moments),
            )
            for minor in (*amounts, -sum(amounts))
        ]
    return tuple(made)


orders = st.builds(
    Order,
    id=st.sampled_from([f"ORDER{n}" for n in range(6)]),
    account=names,
    market=names,
    broker=names,
    mode=st.sampled_from(("PAPER", "LIVE")),
    key=words,
    side=literal(Side),
    quantity=whole,
    type=literal(OrderType),
    product=literal(Product),
    price=maybe,
    trigger=maybe,
    validity=st.sampled_from(("DAY", "IOC")),
    disclosed=whole,
    after_market=st.booleans(),
    protection=maybe,
    tag=words,
    request_id=st.just("") | words,
    parent=words,
    origin=words,
    state=literal(OrderState),
    filled=whole,
    average=maybe,
    triggered=st.booleans(),
    broker_id=words,
    reason=words,
    reference=maybe,
    created=moments,
    created_market=moments,
    updated=moments,
    revision=st.integers(0, 10**6),
)
fills = st.builds(
    Fill,
    execution=st.sampled_from([f"X{n}" for n in range(12)]),
    account=names,
    order=words,
    key=words,
    side=literal(Side),
    quantity=whole,
    price=prices,
    at=moments,
    at_market=moments,
    liquidity=st.sampled_from(("taker", "maker", "settlement", "unknown")),
)
positions = st.builds(
    Position,
    account=names,
    key=names,
    product=literal(Product),
    quantity=whole,
    cost_minor=whole,
    realised_minor=whole,
    charges_minor=whole,
    day=st.none() | days,
    marked=st.none() | days,
)
marks = st.builds(Mark, account=names, key=names, product=literal(Product), day=days, price=prices, at_market=moments)
charges = st.builds(Charges, brokerage=prices, stt=prices, exchange=prices, gst=prices)
accounts = st.builds(
    Account, id=names, title=words, broker=words, market=words, mode=st.sampled_from(("PAPER", "LIVE"))
)
payloads = st.one_of(
    st.builds(AccountOpened, account=accounts, postings=postings()),
    st.builds(OrderChanged, event=words, order=orders, postings=postings()),
    st.builds(FillApplied, fill=fills, order=orders, position=positions, charges=charges, postings=postings()),
    st.builds(PositionMarked, mark=marks, position=positions, postings=postings()),
    st.builds(FundsMoved, account=names, reason=words, postings=postings()),
    st.builds(TriggerChanged, event=words, id=names, account=names, state=words, body=bodies),
    st.builds(BasketChanged, event=words, id=names, account=names, state=words, body=bodies),
    st.builds(ParentChanged, event=words, id=names, account=names, state=words, body=bodies),
    st.builds(StrategyChanged, event=words, id=names, account=names, state=words, body=bodies),
    st.builds(RiskChanged, account=names, name=words, body=bodies, reason=words),
    st.builds(SettingChanged, name=names, value=plain),
    st.builds(MarketMoved, market=names, at_market=moments, day=days, body=bodies),
    st.builds(Noted, what=words, detail=bodies),
)
entries = st.builds(Entry, at=moments, actor=words, correlation=words, subject=words, payload=payloads)
journals = st.lists(st.lists(entries, min_size=1, max_size=3), min_size=1, max_size=12)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(units=journals)
def test_tables_when_any_journal_was_written_then_they_equal_a_replay(units: list[list[Entry]]) -> None:
    asyncio.run(write_and_compare(units))


async def write_and_compare(units: list[list[Entry]]) -> None:
    """Commit all units at once, so that they share groups; then compare, rebuild, compare again."""
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder)) as storage:
            tasks = [storage.journal.commit(*unit) for unit in units]
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(r) for r in results} <= {int, Conflict}
            written = [unit for unit, result in zip(units, results, strict=True) if isinstance(result, int)]
            assert storage.journal.last_seq == sum(len(unit) for unit in written)
            assert verify(storage.links(), storage.anchor()).ok
            assert await storage.differences() == []
            books: dict[tuple[str, str], int] = defaultdict(int)
            for posting in (p for unit in written for e in unit for p in getattr(e.payload, "postings", ())):
                books[posting.account, posting.book] += posting.minor
            assert await storage.postings.load_balances() == dict(books)
            assert await storage.postings.unbalanced() == 0
            await storage._writer.call(lambda c: [c.execute(f"DELETE FROM {t.name}") for t in PROJECTED])
            assert await storage.rebuild() == storage.journal.last_seq
            assert await storage.differences() == []
