"""Option strategies: drafts and what is tracked out of positions."""

import sqlalchemy as sa
from alembic import op

from server.storage.columns import Json, Moment

__all__ = ("down_revision", "revision", "upgrade")

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make their table; it starts empty, no older journal knows them."""
    op.create_table(
        "strategies",
        sa.Column("id", sa.String(40), primary_key=True, nullable=False),
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("updated", Moment, nullable=False),
    )
    op.create_index("strategies_account", "strategies", ["account", "state"])
