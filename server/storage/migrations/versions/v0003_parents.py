"""Iceberg, cover and bracket orders kept by Sauda."""

import sqlalchemy as sa
from alembic import op

from server.storage.columns import Json, Moment

__all__ = ("down_revision", "revision", "upgrade")

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make their table; it starts empty, no older journal knows them."""
    op.create_table(
        "parents",
        sa.Column("id", sa.String(40), primary_key=True, nullable=False),
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("updated", Moment, nullable=False),
    )
    op.create_index("parents_account", "parents", ["account", "state"])
