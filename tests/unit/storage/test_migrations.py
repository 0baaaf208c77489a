"""Migrations: from every released version on, with data, to the newest tables."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from server.audit.verify import verify
from server.core.errors import Invalid
from server.storage import migrate as migrations
from server.storage.files import BACKUPS, DATABASE
from server.storage.migrate import HEAD, migrate, revision_of
from server.storage.tables import metadata
from server.storage.writing import writer_engine
from tests.unit.storage.samples import ACCOUNT, opened, story

FOLDER = Path(migrations.__file__).parent / "migrations"


def scripts() -> ScriptDirectory:
    """Alembic's own view of the version files."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


VERSIONS = [script.revision for script in reversed(list(scripts().walk_revisions()))]


async def old_database(folder: Path, version: str) -> None:
    """A database as that version left it, with a trading day in its journal.

    The journal's table is the same in all versions, so it is taken from a database of today; an old version's other
    tables are what its own Sauda projected, which is checked only as far as they still exist."""
    source = folder / "source"
    source.mkdir()
    async with opened(source) as storage:
        for unit in story(range(1, 6)):
            await storage.journal.commit(*unit)
    engine = writer_engine(folder / DATABASE)
    migrate(engine, version)
    engine.dispose()
    connection = sqlite3.connect(folder / DATABASE)
    connection.execute("ATTACH ? AS source", [str(source / DATABASE)])
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for name in names:
        if name != "alembic_version":
            had = {row[1] for row in connection.execute(f"PRAGMA source.table_info({name})")}
            columns = [row[1] for row in connection.execute(f"PRAGMA main.table_info({name})") if row[1] in had]
            some = ", ".join(f'"{c}"' for c in columns)
            connection.execute(f"INSERT INTO main.{name} ({some}) SELECT {some} FROM source.{name}")
    connection.commit()
    connection.close()


def shape(engine: Engine) -> dict[str, object]:
    """Columns of each table (their order and defaults apart, which nothing relies on) and the text of each index."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master").fetchall()
        out: dict[str, object] = {name: " ".join(sql.split()) for kind, name, sql in found if kind == "index" and sql}
        for name in (name for kind, name, _ in found if kind == "table"):
            columns = connection.exec_driver_sql(f"PRAGMA table_info({name})").fetchall()
            out[name] = sorted((column[1], column[2], column[3], column[5]) for column in columns)
    return out


def test_head_when_a_version_file_is_added_then_the_constant_follows() -> None:
    assert scripts().get_heads() == [HEAD]
    assert VERSIONS[0] == "0001"
    assert sorted(VERSIONS) == VERSIONS


def test_migrate_when_empty_then_tables_are_as_the_code_says(tmp_path: Path) -> None:
    engine = writer_engine(tmp_path / DATABASE)
    assert revision_of(engine) is None
    assert migrate(engine) == (None, HEAD)
    assert migrate(engine) == (HEAD, HEAD)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_migrate_when_empty_then_tables_are_those_that_the_migrations_make(tmp_path: Path) -> None:
    made, migrated = writer_engine(tmp_path / "made.db"), writer_engine(tmp_path / "migrated.db")
    migrate(made)
    migrate(migrated, VERSIONS[0])
    migrate(migrated)
    assert shape(made) == shape(migrated)
    made.dispose()
    migrated.dispose()


@pytest.mark.parametrize("version", VERSIONS)
async def test_open_when_the_database_is_of_a_version_then_everything_is_there(tmp_path: Path, version: str) -> None:
    await old_database(tmp_path, version)
    async with opened(tmp_path) as storage:
        assert storage.report.migrated_from == (None if version == HEAD else version)
        assert len(list((tmp_path / BACKUPS).glob("before-*.db"))) == (0 if version == HEAD else 1)
        assert verify(storage.links()).ok
        assert await storage.differences() == []
        assert len(await storage.orders.page(ACCOUNT)) == 5
        assert len(await storage.fills.page(ACCOUNT)) == 5
        assert await storage.postings.unbalanced() == 0


async def test_open_when_a_newer_sauda_made_it_then_refused_and_untouched(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / DATABASE)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(Invalid) as caught:
        async with opened(tmp_path):
            pass
    assert caught.value.code == "storage.newer"
    connection = sqlite3.connect(tmp_path / DATABASE)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()


def test_migrate_when_a_step_fails_then_nothing_of_it_stays(tmp_path: Path) -> None:
    engine = writer_engine(tmp_path / DATABASE)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE risk (x INTEGER)")  # in the way of the first version
    with pytest.raises(Exception, match="risk"):
        migrate(engine)
    assert revision_of(engine) is None
    with engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert [row[0] for row in left] == ["risk"]
    engine.dispose()
