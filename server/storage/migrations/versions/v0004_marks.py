"""Futures marked to market: the day a position was marked, and the prices."""

import sqlalchemy as sa
from alembic import op

from server.storage.columns import Exact, Moment

__all__ = ("down_revision", "revision", "upgrade")

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add both; no older journal has a mark, so nothing is filled in."""
    op.add_column("positions", sa.Column("marked", sa.Date))
    op.create_table(
        "marks",
        sa.Column("account", sa.String(40), primary_key=True, nullable=False),
        sa.Column("key", sa.String(60), primary_key=True, nullable=False),
        sa.Column("product", sa.String(8), primary_key=True, nullable=False),
        sa.Column("day", sa.Date, primary_key=True, nullable=False),
        sa.Column("price", Exact, nullable=False),
        sa.Column("at_market", Moment, nullable=False),
    )
