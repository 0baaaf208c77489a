"""The log of calls to brokers on disk."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.core.errors import Unavailable
from server.storage.usage import CallRow, UsageFile

AT = datetime(2026, 11, 20, 4, 40, tzinfo=UTC)


def row(at_ms: int, ms: float = 20.0, *, account: str = "kite", status: int = 200, problem: str = "") -> CallRow:
    return CallRow(at_ms, account, "zerodha", "orders", "place", status, ms, 9, problem)


def opened(folder: Path) -> UsageFile:
    file = UsageFile(folder)
    assert file.open(AT) == ""
    return file


def test_call_when_written_then_another_opening_reads_it(tmp_path: Path) -> None:
    rows = [row(1_000), row(3_000, status=0, problem="connection cut"), row(2_000, account="alpaca")]
    opened(tmp_path).add(rows)
    again = opened(tmp_path)
    assert again.last(2) == [rows[1], rows[2]]
    told = again.times(0)
    assert set(told) == {("kite", "zerodha", "orders"), ("alpaca", "zerodha", "orders")}
    kite = told["kite", "zerodha", "orders"]
    assert (kite.ms.tolist(), kite.failed.tolist()) == ([20.0, 20.0], [False, True])
    assert (kite.left, kite.problem) == (9, "connection cut")


def test_calls_when_old_then_only_they_go(tmp_path: Path) -> None:
    file = opened(tmp_path)
    file.add([row(1_000), row(2_000), row(3_000)])
    assert file.prune(2_000) == 1
    assert [one.at_ms for one in file.last(10)] == [3_000, 2_000]


def test_file_when_damaged_then_put_aside_and_said(tmp_path: Path) -> None:
    opened(tmp_path).add([row(1_000)])
    for path in tmp_path.iterdir():
        path.write_bytes(b"no database" * 400)
    file = UsageFile(tmp_path)
    said = file.open(AT)
    assert "could not be read" in said
    assert "usage.db.damaged-20261120T044000Z" in said
    file.add([row(5_000)])
    assert len(file.last(10)) == 1


def test_file_when_of_a_newer_sauda_then_left_alone(tmp_path: Path) -> None:
    file = opened(tmp_path)
    with file._connect() as connection:
        connection.execute("PRAGMA user_version=9")
    with pytest.raises(Unavailable, match="version 9"):
        UsageFile(tmp_path).open(AT)


def test_disk_when_it_refuses_then_unavailable_and_not_another_error(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be used"):
        UsageFile(tmp_path / "no such folder").add([row(1)])
