"""The `sauda` command as a shell sees it: what it prints, where, and with which exit code.

0 = well, 1 = a problem told in one sentence with its remedy, 2 = wrong usage.
"""

import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

from server import __version__
from server.main import main
from server.storage.files import DATABASE
from server.storage.lock import DataLock
from tests.process import ROOT, Sauda, eventually, free_port, open_market


class Done(NamedTuple):
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def sauda(*words: object, data: Path | None = None) -> Done:
    """Run one command to its end, in this process: starting Python anew for each takes seconds."""
    arguments = [*map(str, words), *([] if data is None else ["--data", str(data)])]
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        try:
            code = main(arguments)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
            err.write("" if isinstance(end.code, int) or end.code is None else f"{end.code}\n")
    return Done(code, out.getvalue(), err.getvalue())


def run_apart(*words: object, data: Path) -> Done:
    """`sauda run` in a process of its own: it sets up logging and signals."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "server.main", "run", "--no-open", *map(str, words), "--data", str(data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def told(done: Done, code: int = 1) -> str:
    """What a command that failed said; fails unless it was one sentence and a remedy, without a traceback."""
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert lines[0].startswith("sauda: ")
    assert 1 <= len(lines) <= 3
    return done.stderr


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sauda]:
    """A server with one trade in its books."""
    server = Sauda(tmp_path_factory.mktemp("cli") / "data", paper__latency_ms=0).start()
    open_market(server)
    eventually(lambda: server.get("/api/v1/quotes?keys=NSE:ITC")[1]["items"][0]["ltp"])
    body = {"account": "paper-sim", "key": "NSE:ITC", "side": "BUY", "quantity": 1, "type": "MARKET", "product": "MIS"}
    status, answer = server.post("/api/v1/orders", body)
    assert status == 201, answer
    yield server
    server.stop()


@pytest.fixture(scope="module")
def folder(running: Sauda, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of that server's data, put into a folder on which nothing runs."""
    home = tmp_path_factory.mktemp("still")
    done = sauda("backup", home / "one.tar.gz", data=running.data)
    assert done.returncode == 0, done.stderr
    done = sauda("restore", home / "one.tar.gz", data=home / "data")
    assert done.returncode == 0, done.stderr
    return home / "data"


# words


def test_version_when_asked_then_printed_and_nothing_else() -> None:
    assert sauda("version").stdout.strip() == __version__
    assert sauda("--version").stdout.strip() == f"sauda {__version__}"


def test_help_when_no_command_then_all_of_them_and_exit_code_2() -> None:
    done = sauda()
    assert done.returncode == 2
    for name in ("run", "doctor", "import", "replay", "backup", "restore", "audit", "version"):
        assert re.search(rf"^ +{name} ", done.stdout, re.MULTILINE), name


@pytest.mark.parametrize("words", [["fly"], ["audit"], ["audit", "burn"], ["restore"], ["run", "--port", "many"]])
def test_usage_when_wrong_then_exit_code_2_and_no_traceback(words: list[str]) -> None:
    done = sauda(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "usage: sauda" in done.stderr


# settings


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        ("[market]\nspeed = 99.0\n", "line 2", "market.speed"),
        ("[server]\nport = 8420\n\n[paper]\nlatency_ms = 'fast'\n", "line 5", "paper.latency_ms"),
        ("[paper]\n# a remark\ncapitol = 5\n", "line 3", "paper.capitol"),
        ("[market]\nspeed = \n", "line 2", ""),
        ("[moon]\nphase = 1\n", "sauda.toml", "moon"),
    ],
)
def test_settings_when_a_file_is_wrong_then_file_and_line_are_named(
    tmp_path: Path, text: str, line: str, name: str
) -> None:
    (tmp_path / "sauda.toml").write_text(text)
    said = told(sauda("run", "--no-open", "--port", free_port(), data=tmp_path))
    assert str(tmp_path / "sauda.toml") in said
    assert line in said
    assert name in said
    assert not (tmp_path / DATABASE).exists(), "nothing was begun"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("market.speed=99", "--set market.speed"),
        ("market.speed=fast", "--set market.speed"),
        ("nope.nothing=1", "nope"),
        ("server.host=0.0.0.0", "server.host"),
    ],
)
def test_settings_when_a_flag_is_wrong_then_the_flag_is_named(tmp_path: Path, setting: str, words: str) -> None:
    assert words in told(sauda("run", "--no-open", "--set", setting, data=tmp_path))


def test_settings_when_a_flag_has_no_value_then_usage(tmp_path: Path) -> None:
    assert "NAME=VALUE" in told(sauda("run", "--set", "market.speed", data=tmp_path), 2)


def test_run_when_the_port_is_taken_then_says_which_and_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = told(run_apart("--port", port, data=tmp_path))
    assert f"Port {port} is taken." in said
    assert "--port" in said


def test_run_when_another_runs_on_the_folder_then_says_so(running: Sauda) -> None:
    said = told(run_apart("--port", free_port(), data=running.data))
    assert f"process {running.process.pid}" in said if running.process else False


@pytest.mark.parametrize("words", [["run", "--no-open"], ["import", __file__], ["restore", __file__], ["backup"]])
@pytest.mark.parametrize("below", ["", "folder"])
def test_data_folder_when_it_is_a_file_then_one_sentence(tmp_path: Path, words: list[str], below: str) -> None:
    (tmp_path / "file").write_text("x")
    said = told(sauda(*words, data=tmp_path / "file" / below))
    assert str(tmp_path / "file") in said
    assert "--data" in said
    assert (tmp_path / "file").read_text() == "x"


def test_data_folder_when_it_has_no_name_then_usage() -> None:
    done = sauda("doctor", "--data", "")
    assert done.returncode == 2
    assert "a folder is wanted" in done.stderr


def test_doctor_when_the_data_folder_is_a_file_then_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = sauda("doctor", data=tmp_path / "file")
    assert done.returncode == 1
    assert "is a file, not a folder" in done.stdout


def test_listing_when_the_reader_has_read_enough_then_quiet(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "server.main", "doctor", "--data", str(tmp_path)]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


# doctor


def test_doctor_when_the_folder_is_new_then_well(tmp_path: Path) -> None:
    done = sauda("doctor", "--port", free_port(), data=tmp_path / "none")
    assert done.returncode == 0, done.stdout
    assert "none yet" in done.stdout
    assert not (tmp_path / "none").exists(), "looking makes nothing"
    for name in ("settings", "disk", "clock", "rules", "port", "devices", "database"):
        assert re.search(rf"^ok    {name} ", done.stdout, re.MULTILINE), name


def test_doctor_when_the_folder_is_empty_then_well(tmp_path: Path) -> None:
    assert sauda("doctor", "--port", free_port(), data=tmp_path).returncode == 0


def test_doctor_when_a_server_runs_then_says_where(running: Sauda) -> None:
    done = sauda("doctor", "--port", running.port, data=running.data)
    assert done.returncode == 0, done.stdout
    assert f"in use by the server at {running.url}" in done.stdout
    assert "is Sauda's own" in done.stdout
    assert re.search(r"^ok    market data +Simulated market: running", done.stdout, re.MULTILINE)


def test_doctor_when_the_port_is_taken_by_another_then_mend(tmp_path: Path, running: Sauda) -> None:
    done = sauda("doctor", "--port", running.port, data=tmp_path)
    assert done.returncode == 1
    assert re.search(rf"^MEND  port +{running.port} is taken", done.stdout, re.MULTILINE)
    assert "--port" in done.stdout


def test_doctor_when_settings_are_wrong_then_mend_and_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    (tmp_path / "sauda.toml").write_text("[market]\nspeed = 99.0\n")
    done = sauda("doctor", "--port", free_port(), data=tmp_path)
    assert done.returncode == 1
    assert re.search(r"^MEND  settings +.*sauda.toml line 2", done.stdout, re.MULTILINE)
    assert re.search(r"^ok    disk ", done.stdout, re.MULTILINE)


def test_doctor_when_another_command_holds_the_folder_then_mend(tmp_path: Path) -> None:
    lock = DataLock(tmp_path)
    try:
        done = sauda("doctor", "--port", free_port(), data=tmp_path)
    finally:
        lock.release()
    assert done.returncode == 1
    assert "MEND  database" in done.stdout
    assert "Traceback" not in done.stderr


def test_doctor_when_tables_were_changed_then_mend_and_rebuild_does(folder: Path) -> None:
    edit(folder, "UPDATE positions SET quantity = quantity + 5")
    done = sauda("doctor", "--port", free_port(), data=folder)
    assert done.returncode == 1
    assert re.search(r"^MEND  tables ", done.stdout, re.MULTILINE)
    assert "sauda doctor --rebuild" in done.stdout
    done = sauda("doctor", "--rebuild", "--port", free_port(), data=folder)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^ok    rebuild +\d+ journal entries", done.stdout, re.MULTILINE)
    assert sauda("doctor", "--port", free_port(), data=folder).returncode == 0


def test_doctor_when_the_database_is_damaged_then_it_is_kept_aside_and_said(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"this is no database" * 1000)
    done = sauda("doctor", "--port", free_port(), data=tmp_path)
    assert done.returncode == 1
    assert re.search(r"^MEND  database +The database was damaged", done.stdout, re.MULTILINE)
    assert [p for p in tmp_path.iterdir() if p.read_bytes().startswith(b"this is no database")], "it is kept"


def edit(folder: Path, statement: str) -> None:
    """Change the database behind Sauda's back."""
    with sqlite3.connect(folder / DATABASE) as database:
        assert database.execute(statement).rowcount > 0
    database.close()


# audit


def test_audit_when_untouched_then_unbroken_with_and_without_a_server(running: Sauda, folder: Path) -> None:
    for where in (running.data, folder):
        done = sauda("audit", "verify", data=where)
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.match(r"\d+ entries, unbroken\. Head [0-9a-f]{16}", done.stdout)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE journal SET actor = 'nobody' WHERE seq = 3", "Entry 3 was changed"),
        ("UPDATE journal SET payload = replace(payload, '500000', '900000') WHERE seq = 1", "Entry 1 was changed"),
        ("DELETE FROM journal WHERE seq = 2", "Entry 2 is missing"),
        ("DELETE FROM journal WHERE seq >= 4", "missing at the end"),
        ("UPDATE journal SET seq = 1000 WHERE seq = 2", "missing"),
    ],
)
def test_audit_when_somebody_edited_the_journal_then_found_and_named(
    folder: Path, tmp_path: Path, statement: str, words: str
) -> None:
    copy = tmp_path / "data"
    copy.mkdir()
    for file in folder.iterdir():
        if file.is_file() and file.name != "sauda.lock":
            (copy / file.name).write_bytes(file.read_bytes())
    drop_guards(copy)
    edit(copy, statement)
    done = sauda("audit", "verify", data=copy)
    assert done.returncode == 1
    assert done.stdout.startswith("Broken after ")
    assert words in done.stdout


def drop_guards(folder: Path) -> None:
    """An attacker with the file in his hands takes away what forbids changing the journal."""
    with sqlite3.connect(folder / DATABASE) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
    database.close()


def test_audit_when_there_is_no_folder_then_says_so(tmp_path: Path) -> None:
    assert "--data" in told(sauda("audit", "verify", data=tmp_path / "none"))
    assert not (tmp_path / "none").exists()


# backup and restore


def test_backup_and_restore_when_run_in_a_round_then_the_same_books(folder: Path, tmp_path: Path) -> None:
    made = sauda("backup", tmp_path / "two.tar.gz", data=folder)
    assert made.stdout.strip() == f"Backed up to {tmp_path / 'two.tar.gz'}"
    head = sauda("audit", "verify", data=folder).stdout
    first = sauda("restore", tmp_path / "two.tar.gz", data=tmp_path / "new")
    assert first.returncode == 0, first.stderr
    assert re.match(r"Restored \d{4}-\d\d-\d\d \d\d:\d\d UTC, made by Sauda ", first.stdout)
    assert sauda("audit", "verify", data=tmp_path / "new").stdout == head
    again = sauda("restore", tmp_path / "two.tar.gz", data=tmp_path / "new")
    assert "What was there before is kept in" in again.stdout
    assert sauda("doctor", "--port", free_port(), data=tmp_path / "new").returncode == 0


def test_backup_when_no_place_is_given_then_beside_the_data(folder: Path) -> None:
    done = sauda("backup", data=folder)
    path = Path(done.stdout.removeprefix("Backed up to ").strip())
    assert path.parent == folder / "backups"
    assert path.is_file()


def test_backup_when_the_file_is_there_then_it_is_not_replaced(running: Sauda, folder: Path, tmp_path: Path) -> None:
    precious = tmp_path / "thesis.txt"
    precious.write_text("mine")
    for where in (running.data, folder):
        assert "is there already" in told(sauda("backup", precious, data=where))
        assert precious.read_text() == "mine"


def test_backup_when_there_is_nothing_then_says_so(tmp_path: Path) -> None:
    assert "nothing in" in told(sauda("backup", data=tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_restore_when_a_server_runs_then_refused_and_it_goes_on(running: Sauda, tmp_path: Path) -> None:
    assert sauda("backup", tmp_path / "x.tar.gz", data=running.data).returncode == 0
    said = told(sauda("restore", tmp_path / "x.tar.gz", data=running.data))
    assert "Stop it first" in said
    assert running.get("/health")[1]["status"] == "ok"
    assert sauda("audit", "verify", data=running.data).returncode == 0


@pytest.mark.parametrize("content", [None, b"", b"no archive at all", b"\x1f\x8b" + b"x" * 100])
def test_restore_when_the_file_is_no_backup_then_refused_and_nothing_changed(
    folder: Path, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "bad.tar.gz"
    if content is not None:
        file.write_bytes(content)
    before = sorted((p.name, p.stat().st_size) for p in folder.iterdir() if p.name != "sauda.lock")
    told(sauda("restore", file, data=folder))
    assert sorted((p.name, p.stat().st_size) for p in folder.iterdir() if p.name != "sauda.lock") == before
