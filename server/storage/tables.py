"""All tables, dialect-neutral. `journal` is the truth; every other table is a projection of it (`projections.py`)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from server.storage.columns import BigKey, Exact, Json, Moment

__all__ = (
    "PROJECTED",
    "accounts",
    "balances",
    "baskets",
    "fills",
    "holds",
    "journal",
    "markets",
    "metadata",
    "orders",
    "parents",
    "positions",
    "postings",
    "risk",
    "settings",
    "strategies",
    "triggers",
)

metadata = MetaData()

_LIVE = text("state IN ('SUBMITTING', 'UNKNOWN', 'OPEN', 'PARTIAL')")
_REQUESTED = text("request_id != ''")
_CHILD = text("parent != ''")
_KNOWN = text("broker_id != ''")
_HELD = text("minor != 0")

journal = Table(
    "journal",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("correlation", String(80), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("payload", Text, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Index("journal_subject", "subject", "seq"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("title", String(120), nullable=False),
    Column("broker", String(40), nullable=False),
    Column("market", String(40), nullable=False),
    Column("mode", String(8), nullable=False),
    Column("currency", String(8), nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("account", String(40), nullable=False),
    Column("market", String(40), nullable=False),
    Column("broker", String(40), nullable=False),
    Column("mode", String(8), nullable=False),
    Column("key", String(60), nullable=False),
    Column("side", String(4), nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("type", String(8), nullable=False),
    Column("product", String(8), nullable=False),
    Column("price", Exact),
    Column("trigger", Exact),
    Column("validity", String(8), nullable=False),
    Column("disclosed", BigInteger, nullable=False),
    Column("after_market", Boolean, nullable=False),
    Column("protection", Exact),
    Column("tag", String(120), nullable=False),
    Column("request_id", String(120), nullable=False),
    Column("parent", String(40), nullable=False),
    Column("origin", String(20), nullable=False),
    Column("state", String(12), nullable=False),
    Column("filled", BigInteger, nullable=False),
    Column("average", Exact),
    Column("triggered", Boolean, nullable=False),
    Column("broker_id", String(80), nullable=False),
    Column("reason", Text, nullable=False),
    Column("reference", Exact),
    Column("created", Moment, nullable=False),
    Column("created_market", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("unit", Exact, nullable=False, server_default="1"),
    Index("orders_account", "account", "id"),
    Index("orders_live", "account", "id", sqlite_where=_LIVE, postgresql_where=_LIVE),
    # the database itself refuses a second order for one request (law 2)
    Index(
        "orders_request",
        "account",
        "request_id",
        unique=True,
        sqlite_where=_REQUESTED,
        postgresql_where=_REQUESTED,
    ),
    Index("orders_parent", "parent", sqlite_where=_CHILD, postgresql_where=_CHILD),
    Index("orders_broker", "account", "broker_id", sqlite_where=_KNOWN, postgresql_where=_KNOWN),
)

fills = Table(
    "fills",
    metadata,
    # the identity of a fill (law 5)
    Column("account", String(40), primary_key=True),
    Column("execution", String(80), primary_key=True),
    Column("entry", BigInteger, nullable=False),
    Column("order_id", String(20), nullable=False),
    Column("key", String(60), nullable=False),
    Column("product", String(8), nullable=False),
    Column("side", String(4), nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("price", Exact, nullable=False),
    Column("at", Moment, nullable=False),
    Column("at_market", Moment, nullable=False),
    Column("liquidity", String(12), nullable=False),
    Column("unit", Exact, nullable=False, server_default="1"),
    Column("brokerage", Exact, nullable=False),
    Column("stt", Exact, nullable=False),
    Column("exchange", Exact, nullable=False),
    Column("sebi", Exact, nullable=False),
    Column("gst", Exact, nullable=False),
    Column("stamp", Exact, nullable=False),
    Column("other", Exact, nullable=False),
    Column("realised_minor", BigInteger, nullable=False),
    Index("fills_entry", "account", "entry"),
    Index("fills_order", "order_id"),
)

positions = Table(
    "positions",
    metadata,
    Column("account", String(40), primary_key=True),
    Column("key", String(60), primary_key=True),
    Column("product", String(8), primary_key=True),
    Column("quantity", BigInteger, nullable=False),
    Column("cost_minor", BigInteger, nullable=False),
    Column("realised_minor", BigInteger, nullable=False),
    Column("charges_minor", BigInteger, nullable=False),
    Column("buy_quantity", BigInteger, nullable=False),
    Column("buy_value_minor", BigInteger, nullable=False),
    Column("sell_quantity", BigInteger, nullable=False),
    Column("sell_value_minor", BigInteger, nullable=False),
    Column("day", Date),
    Column("marked", Date),
    Column("unit", Exact, nullable=False, server_default="1"),
)

# settlement prices that futures were brought to: what a late fill is put before or after
marks = Table(
    "marks",
    metadata,
    Column("account", String(40), primary_key=True),
    Column("key", String(60), primary_key=True),
    Column("product", String(8), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("price", Exact, nullable=False),
    Column("at_market", Moment, nullable=False),
)

postings = Table(
    "postings",
    metadata,
    # journal sequence number x 65536 + place within the entry: time order, and the same after a rebuild
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("txn", String(80), nullable=False),
    Column("account", String(40), nullable=False),
    Column("book", String(12), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("key", String(60), nullable=False),
    Column("reference", String(80), nullable=False),
    Column("at", Moment, nullable=False),
    Column("at_market", Moment, nullable=False),
    Index("postings_account", "account", "id"),
)

balances = Table(
    "balances",
    metadata,
    Column("account", String(40), primary_key=True),
    Column("book", String(12), primary_key=True),
    Column("minor", BigInteger, nullable=False),
)


# what each order, and the positions as a whole, hold of the margin book
holds = Table(
    "holds",
    metadata,
    Column("account", String(40), primary_key=True),
    Column("reference", String(80), primary_key=True),
    Column("minor", BigInteger, nullable=False),
    Index("holds_open", "account", sqlite_where=_HELD, postgresql_where=_HELD),
)


def _kept(name: str) -> Table:
    """A list of things Sauda keeps for an account: triggers, baskets, parent orders, strategies."""
    return Table(
        name,
        metadata,
        Column("id", String(40), primary_key=True),
        Column("account", String(40), nullable=False),
        Column("state", String(20), nullable=False),
        Column("event", String(40), nullable=False),
        Column("body", Json, nullable=False),
        Column("updated", Moment, nullable=False),
        Index(f"{name}_account", "account", "state"),
    )


triggers = _kept("triggers")
baskets = _kept("baskets")
parents = _kept("parents")
strategies = _kept("strategies")

risk = Table(
    "risk",
    metadata,
    Column("account", String(40), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("body", Json, nullable=False),
    Column("reason", Text, nullable=False),
    Column("updated", Moment, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("value", Json, nullable=False),
    Column("updated", Moment, nullable=False),
)

markets = Table(
    "markets",
    metadata,
    Column("market", String(40), primary_key=True),
    Column("at_market", Moment, nullable=False),
    Column("day", Date, nullable=False),
    Column("body", Json, nullable=False),
    Column("updated", Moment, nullable=False),
)

PROJECTED: tuple[Table, ...] = tuple(t for t in metadata.sorted_tables if t is not journal)
"""Every table but the journal: what a rebuild empties and fills again."""
