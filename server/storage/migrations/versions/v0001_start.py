"""The first tables: the journal and its projections."""

import sqlalchemy as sa
from alembic import op

from server.storage.columns import BigKey, Exact, Json, Moment

__all__ = ("down_revision", "revision", "upgrade")

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    _journal()
    _orders()
    _fills()
    _ledger()
    _kept("triggers")
    _kept("baskets")
    _lists()


def _text(name: str, size: int, *, key: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.String(size), primary_key=key, nullable=False)


def _whole(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, nullable=False)


def _moment(name: str) -> "sa.Column[object]":
    return sa.Column(name, Moment, nullable=False)


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("seq", BigKey, primary_key=True, autoincrement=False),
        _moment("at"),
        _text("actor", 80),
        _text("correlation", 80),
        _text("kind", 40),
        _text("subject", 120),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
    op.create_index("journal_subject", "journal", ["subject", "seq"])


def _orders() -> None:
    op.create_table(
        "orders",
        _text("id", 20, key=True),
        _text("account", 40),
        _text("market", 40),
        _text("broker", 40),
        _text("mode", 8),
        _text("key", 60),
        _text("side", 4),
        _whole("quantity"),
        _text("type", 8),
        _text("product", 8),
        sa.Column("price", Exact),
        sa.Column("trigger", Exact),
        _text("validity", 8),
        _whole("disclosed"),
        sa.Column("after_market", sa.Boolean, nullable=False),
        sa.Column("protection", Exact),
        _text("tag", 120),
        _text("request_id", 120),
        _text("parent", 40),
        _text("origin", 20),
        _text("state", 12),
        _whole("filled"),
        sa.Column("average", Exact),
        sa.Column("triggered", sa.Boolean, nullable=False),
        _text("broker_id", 80),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("reference", Exact),
        _moment("created"),
        _moment("created_market"),
        _moment("updated"),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    live = sa.text("state IN ('SUBMITTING', 'UNKNOWN', 'OPEN', 'PARTIAL')")
    asked = sa.text("request_id != ''")
    child = sa.text("parent != ''")
    known = sa.text("broker_id != ''")
    op.create_index("orders_account", "orders", ["account", "id"])
    op.create_index("orders_live", "orders", ["account", "id"], sqlite_where=live, postgresql_where=live)
    op.create_index(
        "orders_request", "orders", ["account", "request_id"], unique=True, sqlite_where=asked, postgresql_where=asked
    )
    op.create_index("orders_parent", "orders", ["parent"], sqlite_where=child, postgresql_where=child)
    op.create_index("orders_broker", "orders", ["account", "broker_id"], sqlite_where=known, postgresql_where=known)


def _fills() -> None:
    op.create_table(
        "fills",
        _text("account", 40, key=True),
        _text("execution", 80, key=True),
        _whole("entry"),
        _text("order_id", 20),
        _text("key", 60),
        _text("product", 8),
        _text("side", 4),
        _whole("quantity"),
        sa.Column("price", Exact, nullable=False),
        _moment("at"),
        _moment("at_market"),
        _text("liquidity", 12),
        *(
            sa.Column(name, Exact, nullable=False)
            for name in ("brokerage", "stt", "exchange", "sebi", "gst", "stamp", "other")
        ),
        _whole("realised_minor"),
    )
    op.create_index("fills_entry", "fills", ["account", "entry"])
    op.create_index("fills_order", "fills", ["order_id"])


def _ledger() -> None:
    op.create_table(
        "positions",
        _text("account", 40, key=True),
        _text("key", 60, key=True),
        _text("product", 8, key=True),
        *(
            _whole(name)
            for name in (
                "quantity",
                "cost_minor",
                "realised_minor",
                "charges_minor",
                "buy_quantity",
                "buy_value_minor",
                "sell_quantity",
                "sell_value_minor",
            )
        ),
        sa.Column("day", sa.Date),
    )
    op.create_table(
        "postings",
        sa.Column("id", BigKey, primary_key=True, autoincrement=False),
        _text("txn", 80),
        _text("account", 40),
        _text("book", 12),
        _whole("minor"),
        _text("kind", 20),
        _text("key", 60),
        _text("reference", 80),
        _moment("at"),
        _moment("at_market"),
    )
    op.create_index("postings_account", "postings", ["account", "id"])
    op.create_table("balances", _text("account", 40, key=True), _text("book", 12, key=True), _whole("minor"))
    op.create_table("holds", _text("account", 40, key=True), _text("reference", 80, key=True), _whole("minor"))
    held = sa.text("minor != 0")
    op.create_index("holds_open", "holds", ["account"], sqlite_where=held, postgresql_where=held)


def _kept(name: str) -> None:
    op.create_table(
        name,
        _text("id", 40, key=True),
        _text("account", 40),
        _text("state", 20),
        _text("event", 40),
        sa.Column("body", Json, nullable=False),
        _moment("updated"),
    )
    op.create_index(f"{name}_account", name, ["account", "state"])


def _lists() -> None:
    op.create_table(
        "accounts",
        _text("id", 40, key=True),
        _text("title", 120),
        _text("broker", 40),
        _text("market", 40),
        _text("mode", 8),
        _text("currency", 8),
    )
    op.create_table(
        "risk",
        _text("account", 40, key=True),
        _text("name", 40, key=True),
        sa.Column("body", Json, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        _moment("updated"),
    )
    op.create_table(
        "settings", _text("name", 120, key=True), sa.Column("value", Json, nullable=False), _moment("updated")
    )
    op.create_table(
        "markets",
        _text("market", 40, key=True),
        _moment("at_market"),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("body", Json, nullable=False),
        _moment("updated"),
    )
