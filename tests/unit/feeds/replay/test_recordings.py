"""Recorded days on disk: rows come back as they went in, the finest wins, a damaged file is put aside aloud."""

import sqlite3
from datetime import date

import msgspec
import numpy as np
import pytest

from server.core.errors import NotFound, Unavailable
from server.feeds.replay.recordings import FILE, Recordings
from tests.unit.feeds.replay.kit import AT, Bench, minute_rows

HEAD = "date,open,high,low,close,volume"
DAY = date(2024, 1, 5)
KEY = "NSE_INDEX:NIFTY"


def test_load_when_stored_then_the_same_rows(bench: Bench) -> None:
    bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-05")])
    again = Recordings(bench.folder)
    assert again.open(AT) == ""
    about = again.recordings(DAY)[0]
    recorded = again.load(about)
    assert recorded is not None
    assert (about.rows, about.open, about.high, about.low, about.close) == (375, 22_000.0, 22_376.0, 21_998.0, 22_375.0)
    assert np.diff(recorded.time).tolist() == [60_000_000_000] * 374
    assert recorded.columns["open"].tolist() == [22_000.0 + i for i in range(375)]
    assert recorded.columns["oi"].tolist() == [0] * 375


def test_recordings_when_ticks_and_bars_of_one_day_then_ticks_are_replayed(bench: Bench) -> None:
    bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-05")])
    bench.write("NIFTY.csv", ["timestamp,ltp", *(f"2024-01-05 09:15:{i:02d},{22_000 + i}" for i in range(60))])
    assert [r.grain for r in bench.recordings.recordings(DAY)] == ["ticks"]
    assert [r.grain for r in bench.recordings.of_key(KEY, date(2024, 1, 6), 5)] == ["ticks"]


def test_store_when_imported_again_then_replaced_not_doubled(bench: Bench) -> None:
    for price in (22_000.0, 21_900.0):
        bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-05", price=price)])
    assert [r.open for r in bench.recordings.recordings()] == [21_900.0]
    assert len(bench.recordings.imports()) == 2


def test_store_when_disk_refuses_in_the_middle_then_nothing_of_the_file(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.feeds.replay.recordings._note", _full)
    with pytest.raises(sqlite3.OperationalError):
        bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-04"), *minute_rows("2024-01-05")])
    assert bench.recordings.recordings() == []


def _full(connection: sqlite3.Connection, job: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 8_000])
def test_open_when_file_is_damaged_then_put_aside_and_said(bench: Bench, content: bytes) -> None:
    for tail in ("-wal", "-shm"):
        (bench.folder / (FILE + tail)).unlink(missing_ok=True)
    (bench.folder / FILE).write_bytes(content)
    said = Recordings(bench.folder).open(AT)
    assert "recordings.db.damaged-20261120-120000" in said
    assert (bench.folder / "recordings.db.damaged-20261120-120000").read_bytes() == content
    assert bench.recordings.recordings() == []


def test_open_when_written_by_a_newer_sauda_then_refused_and_left_alone(bench: Bench) -> None:
    connection = sqlite3.connect(bench.folder / FILE)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(Unavailable, match="version 99"):
        Recordings(bench.folder).open(AT)
    assert (bench.folder / FILE).exists()


def test_open_when_written_by_version_one_then_taken_over_with_all_its_days(bench: Bench) -> None:
    bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-05")])
    with sqlite3.connect(bench.folder / FILE) as connection:
        connection.execute("DROP TABLE opening")
        connection.execute("PRAGMA user_version=1")
    connection.close()
    again = Recordings(bench.folder)
    assert again.open(AT) == ""
    assert again.opening_interest(DAY, date(2024, 1, 4)) == {}
    assert [r.rows for r in again.recordings(DAY)] == [375]


def test_opening_interest_when_several_files_know_it_then_the_day_itself_before_the_eve(bench: Bench) -> None:
    minutes = "date,open,high,low,close,volume,oi"
    rows = [f"2024-01-04 15:{m:02d}:00,300,301,299,300,15,{1_500 + m}" for m in range(20, 30)]
    call, put = "BANKNIFTY_10JAN2024_47400CE_1min.csv", "BANKNIFTY_10JAN2024_47400PE_1min.csv"
    bench.write(call, [minutes, *rows])
    bench.write(put, [minutes, *rows])
    eve = date(2024, 1, 4)
    recorded = bench.recordings.opening_interest(DAY, eve)
    assert recorded == {f"NFO:BANKNIFTY10JAN2447400{right}": 1_529 for right in ("CE", "PE")}
    bhav = (
        "INSTRUMENT,SYMBOL,EXPIRY_DT,STRIKE_PR,OPTION_TYP,OPEN,HIGH,LOW,CLOSE,SETTLE_PR,CONTRACTS,VAL_INLAKH,OPEN_INT,"
        "CHG_IN_OI,TIMESTAMP"
    )
    line = "OPTIDX,BANKNIFTY,10-Jan-2024,47400,PE,300,301,299,300,300,10,1,{oi},{change},{day}"
    bench.write("fo04.csv", [bhav, line.format(oi=1_560, change=30, day="04-JAN-2024")])
    assert bench.recordings.opening_interest(DAY, eve) == {**recorded, "NFO:BANKNIFTY10JAN2447400PE": 1_560}
    bench.write("fo05.csv", [bhav, line.format(oi=1_800, change=225, day="05-JAN-2024")])
    assert bench.recordings.opening_interest(DAY, eve)["NFO:BANKNIFTY10JAN2447400PE"] == 1_575
    assert bench.recordings.opening_interest(date(2024, 1, 12), date(2024, 1, 11)) == {}  # too long ago


def test_one_import_when_unknown_then_none_and_when_known_then_as_reported(bench: Bench) -> None:
    job = bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-05")])
    assert bench.recordings.one_import(job.id) == job
    assert bench.recordings.one_import("nobody") is None
    assert msgspec.json.decode(msgspec.json.encode(job), type=type(job)) == job


def test_replays_when_days_are_recorded_then_listed_with_what_they_are(bench: Bench) -> None:
    bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-04"), *minute_rows("2024-01-05", price=22_100.0)])
    rows = [f"{r.split(',')[0]},100,101,99,100.5,30" for r in minute_rows("2024-01-05")]
    bench.write("BANKNIFTY_10JAN2024_47400CE_1min.csv", [HEAD, *rows])
    newest, older = bench.library.replays()
    assert (newest.id, newest.kind, newest.instruments, newest.rows, newest.tradable) == (
        "2024-01-05",
        "one-minute bars",
        2,
        750,
        1,
    )
    assert newest.detail.startswith("Made from one-minute bars")
    assert (older.tradable, older.detail.endswith("It holds indices only, which are not traded.")) == (0, True)
    for nothing in ("2024-01-06", "nonsense", ""):
        with pytest.raises(NotFound):
            bench.library.replay(nothing)
