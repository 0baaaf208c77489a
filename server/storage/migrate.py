"""Bringing a database to the newest tables. Alembic is imported only when there is something to do."""

from pathlib import Path

from sqlalchemy import Engine, inspect, text

from server.core.errors import Invalid

__all__ = ("HEAD", "migrate", "revision_of")

HEAD = "0005"
"""The newest version; a test holds it against the files."""

_VERSIONS = Path(__file__).parent / "migrations"


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
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_VERSIONS))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return before, to
