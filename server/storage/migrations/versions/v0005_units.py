"""What one unit of a quantity is, kept with every order, fill and position: exchanges change their steps."""

import sqlalchemy as sa
from alembic import op

from server.storage.columns import Exact

__all__ = ("down_revision", "revision", "upgrade")

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Until now only what trades in whole units could be ordered, so 1 is true of every row there is."""
    for table in ("orders", "fills", "positions"):
        op.add_column(table, sa.Column("unit", Exact, nullable=False, server_default="1"))
