"""Bringing a database to the newest tables.

An empty one is given today's tables at once; a test holds them against what the migrations make. So a first start needs
no Alembic, which would stay in memory (9 MB) for as long as Sauda runs.
"""

from pathlib import Path

from sqlalchemy import Column, Engine, MetaData, String, Table, inspect, text

from server.core.errors import Invalid
from server.storage.tables import metadata

__all__ = ("HEAD", "migrate", "revision_of")

HEAD = "0005"
"""The newest version; a test holds it against the files."""

_VERSIONS = Path(__file__).parent / "migrations"
_VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""As Alembic makes it."""


def revision_of(engine: Engine) -> str | None:
    """The version a database is at; None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def migrate(engine: Engine, to: str = HEAD) -> tuple[str | None, str]:
    """Upgrade to a version in one transaction; returns (version before, version now).

    Raises Invalid for a database that a newer Sauda made."""
    before = revision_of(engine)
    if before == to:
        return before, to
    if before is not None and before > HEAD:
        raise Invalid(
            f"The database is of version {before}; this Sauda knows versions up to {HEAD}.",
            code="storage.newer",
            remedy="Start the newer Sauda, or name another data folder with --data DIR.",
        )
    if before is None and to == HEAD and not inspect(engine).get_table_names():
        _make(engine)
        return None, HEAD
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_VERSIONS))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return before, to


def _make(engine: Engine) -> None:
    """Today's tables in an empty database, in one transaction."""
    with engine.begin() as connection:
        metadata.create_all(connection, checkfirst=False)
        _VERSION.create(connection)
        connection.execute(_VERSION.insert().values(version_num=HEAD))
