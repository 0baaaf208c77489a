"""The real files, each documented fault of theirs found by number. Figures are those of the shared SOURCES page."""

from datetime import date
from pathlib import Path

import pytest

from tests.replay.kit import BANKNIFTY_OPTIONS, take
from tests.shared import shared
from tests.unit.feeds.replay.kit import Bench, faults

NIFTY, BANKNIFTY = "NSE_INDEX:NIFTY", "NSE_INDEX:BANKNIFTY"


def test_index_minutes_when_labelled_as_another_index_then_the_right_one_and_rows_after_close_go(
    tmp_path: Path,
) -> None:
    bench, (job,) = take(tmp_path, "index_minute/BANKNIFTY_1min_2024-01-01_2024-04-30.csv.gz")
    found = faults(job)
    assert (job.rows, job.repaired, job.refused) == (29_522, 29_355, 167)
    assert found["mislabelled"].count == 29_522
    assert found["after_close"].count == 167
    assert "2024-01-20 15:30:00" in found["after_close"].example
    assert {r.instrument.key for r in bench.recordings.recordings()} == {BANKNIFTY}
    assert len(job.days) == 79


def test_index_minutes_when_special_saturdays_then_whole_and_without_holes(tmp_path: Path) -> None:
    bench, (job,) = take(tmp_path, "index_minute/NIFTY_1min_2024-01-01_2024-04-30.csv.gz")
    assert set(faults(job)) == {"after_close"}
    rows = {day: bench.recordings.recordings(day)[0].rows for day in (date(2024, 1, 20), date(2024, 3, 2))}
    assert rows == {date(2024, 1, 20): 375, date(2024, 3, 2): 105}


def test_index_minutes_when_of_2009_then_calendar_not_checked_and_the_circuit_day_kept(tmp_path: Path) -> None:
    bench, (job,) = take(tmp_path, "index_minute/NIFTY_1min_2009-01-01_2009-06-30.csv.gz")
    found = faults(job)
    assert found["not_checked"].count == len(job.days) == 117
    assert found["price_jump"].example.startswith("line 28552: 2009-05-18 09:55:00")
    assert "2009-05-18" in found["short_day"].example
    recorded = bench.recorded(date(2009, 5, 18), NIFTY)
    assert recorded.columns["close"].tolist() == [4203.3, 4308.05]


def test_index_minutes_when_from_lean_then_early_rows_shown_and_the_last_is_the_official_close(tmp_path: Path) -> None:
    bench, (job,) = take(tmp_path, "index_minute/lean_NIFTY50_1min_20190101.csv.gz")
    found = faults(job)
    assert (found["before_open"].count, found["after_close"].count, job.taken) == (1, 2, 376)
    assert bench.recordings.recordings()[0].close == 10_910.1


def test_index_minutes_when_derived_from_a_broken_recording_then_short_days_and_holes_are_told(tmp_path: Path) -> None:
    _, (job,) = take(tmp_path, "index_minute/derived_NIFTY_1min_from_ticks_2021.csv.gz")
    found = faults(job)
    assert found["short_day"].example == "NIFTY 2021-04-07: 79 of 375 minutes, 79 rows"
    assert found["after_close"].count == 163
    assert {"outage", "early_end", "late_start", "wild_preopen"} <= set(found)


def test_index_quarter_hours_when_six_years_then_days_of_25_bars(tmp_path: Path) -> None:
    bench, (job,) = take(tmp_path, "index_minute/BANKNIFTY_15min_2015-01-09_2021-12-31.csv.gz")
    assert (job.kind, job.rows, len(job.days)) == ("fifteen-minute bars of an index", 43_011, 1_727)
    whole = sum(r.rows == 25 for r in bench.recordings.recordings())
    assert whole >= 1_700


@pytest.mark.parametrize("day", ["2022-08-12", "2022-09-30"])
def test_index_ticks_when_before_the_opening_then_wild_values_go(tmp_path: Path, day: str) -> None:
    bench, (job,) = take(tmp_path, f"ticks/nifty50_1s/{day}.csv.gz")
    found = faults(job)
    assert found["wild_preopen"].count > 10
    opening = bench.recordings.recordings()[0].open
    prices = bench.recorded(date.fromisoformat(day), NIFTY).columns["price"]
    assert abs(prices / opening - 1).max() < 0.03
    assert prices[0] / opening == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize("first", ["2022-11-11", "2022-11-12"])
def test_index_ticks_when_saturday_repeats_friday_then_refused_in_either_order(tmp_path: Path, first: str) -> None:
    order = sorted(["2022-11-11", "2022-11-12"], key=lambda day: day != first)
    bench, jobs = take(tmp_path, *(f"ticks/nifty50_1s/{day}.csv.gz" for day in order))
    saturday = jobs[order.index("2022-11-12")]
    assert (saturday.taken, saturday.refused) == (0, 23_582)
    expected = "stale_copy" if first == "2022-11-11" else "not_trading_day"
    assert faults(saturday)[expected].count == 23_582
    assert [r.day for r in bench.recordings.recordings()] == [date(2022, 11, 11)]


@pytest.mark.parametrize(
    ("file", "back", "duplicates"),
    [("2021-04-05/AXISBANK", 90, 634), ("2021-05-27/RELIANCE", 120, 364), ("2021-04-05/NIFTY", 1, 6)],
)
def test_share_ticks_when_stamped_back_and_repeated_then_counted_as_documented(
    tmp_path: Path, file: str, back: int, duplicates: int
) -> None:
    bench, (job,) = take(tmp_path, f"ticks/aliceblue/{file}.csv.gz")
    found = faults(job)
    assert (found["step_back"].count, found["duplicate"].count) == (back, duplicates)
    recording = bench.recordings.recordings()[0]
    columns = bench.recorded(recording.day, recording.instrument.key)
    assert (columns.time[1:] >= columns.time[:-1]).all()
    assert (columns.columns["volume"][1:] >= columns.columns["volume"][:-1]).all()


def test_share_ticks_when_recorder_stopped_or_was_cut_then_told(tmp_path: Path) -> None:
    _, jobs = take(tmp_path, "ticks/aliceblue/2021-05-27/TCS.csv.gz", "ticks/aliceblue/2021-06-03/NIFTY.csv.gz")
    assert "15:02:06" in faults(jobs[0])["early_end"].example
    assert "2021-06-03 12:20:52 to 12:23:50" in faults(jobs[1])["outage"].example


def test_broker_ticks_when_the_list_came_first_then_options_named_and_the_outage_found(tmp_path: Path) -> None:
    folder = "ticks/kite_2025"
    bench, jobs = take(
        tmp_path,
        f"{folder}/ticks_CALL_10924290_10924290_20251008.csv.gz",
        f"{folder}/instruments_08_10.csv.gz",
        f"{folder}/ticks_CALL_10924290_10924290_20251008.csv.gz",
        f"{folder}/ticks_NIFTY50_256265_20251008.csv.gz",
    )
    assert [job.state for job in jobs] == ["failed", "done", "done", "done"]
    assert "10924290" in jobs[0].detail
    assert jobs[1].taken == 1_511
    assert faults(jobs[2])["outage"].count == 4
    keys = {r.instrument.key for r in bench.recordings.recordings(date(2025, 10, 8))}
    assert keys == {"NFO:NIFTY14OCT2525000CE", NIFTY}


def test_candles_when_downloaded_twice_then_overlaps_go(tmp_path: Path) -> None:
    _, (job,) = take(tmp_path, "option_minute/kite_candles_1min_NIFTY50_256265_20251008.csv.gz")
    found = faults(job)
    assert found["duplicate"].count + found["conflicting_duplicate"].count == 101
    assert job.taken + job.repaired == 344


def test_option_minutes_when_expiry_is_in_the_name_then_24_days_of_375(tmp_path: Path) -> None:
    bench, jobs = take(tmp_path, *BANKNIFTY_OPTIONS)
    assert all(job.rows == job.taken + job.repaired == 7_875 for job in jobs)
    assert {r.rows for r in bench.recordings.recordings()} == {375}


def test_chain_when_spot_is_missing_and_snapshots_lie_outside_hours_then_told(tmp_path: Path) -> None:
    _, (job,) = take(tmp_path, "option_chain/kite_index_2026/index_chain_2026-02-02_03.csv.gz")
    found = faults(job)
    assert found["no_spot"].count > 100
    assert "MIDCPNIFTY" in found["no_spot"].example
    assert found["after_close"].count > 0
    assert found["old_snapshot"].count > 0
    assert job.days == (date(2026, 2, 2), date(2026, 2, 3))


def test_chain_when_oi_is_in_contracts_then_whole_units_after_the_lot(tmp_path: Path) -> None:
    bench, (job,) = take(tmp_path, "option_chain/nse_api_2025/NIFTY_2025-12-04.csv.gz")
    assert job.state == "done"
    old = [r for r in bench.recordings.recordings() if r.instrument.expiry == date(2025, 12, 30)]
    assert old
    for recording in old:
        oi = bench.recorded(recording.day, recording.instrument.key).columns["oi"]
        assert (oi % 25 == 0).all(), recording.instrument.key


def test_chain_when_expiry_is_the_pages_default_then_left_out(tmp_path: Path) -> None:
    _, jobs = take(
        tmp_path,
        "option_chain/nse_web_2019/RELIANCE_2019-07-25.csv.gz",
        "option_chain/nse_web_2019/raw_BANKNIFTY_20JUN2019_2019-06-05_0915.csv",
        "option_chain/json/nse_option_chain_BANKNIFTY_2023-05-03.json.gz",
    )
    assert faults(jobs[0])["expiry_unknown"].count > 0
    assert [job.state for job in jobs] == ["done"] * 3
    assert jobs[2].days == (date(2023, 5, 3),)  # one snapshot, of the closing second


@pytest.mark.parametrize(
    ("file", "kind", "key", "close"),
    [
        ("cm_udiff_2026-05-19.csv.gz", "equity bhavcopy", "", 0.0),
        ("cm_legacy_layout/01072026.csv.gz", "equity bhavcopy", "NSE:20MICRONS", 199.35),
        ("sec_bhavdata_full/2026-07-13.csv.gz", "equity bhavcopy", "NSE:360ONE", 1118.0),
        ("fo_legacy_2019-08-01_first1000rows.csv.gz", "F&O bhavcopy", "NFO:BANKNIFTY29AUG19FUT", 28_499.3),
        ("fo_udiff_sample_2026-08-21.csv", "F&O bhavcopy", "NFO:ABCAPITAL25AUG26415CE", 1.4),
    ],
)
def test_bhavcopy_when_of_any_layout_then_closing_prices_are_known(
    tmp_path: Path, file: str, kind: str, key: str, close: float
) -> None:
    bench, (job,) = take(tmp_path, f"bhavcopy/{file}")
    assert (job.state, job.kind, len(job.days)) == ("done", kind, 1)
    assert faults(job).keys() <= {"not_a_share"}
    if key:
        assert bench.recordings.close_on(key, job.days[0]) == close
    assert bench.library.replays() == []


@pytest.mark.parametrize("file", ["ticks/kite_packets/fullMode_binary.packet", "news/nse_circulars_public.jsonl.gz"])
def test_import_when_not_market_data_then_one_sentence(bench: Bench, file: str) -> None:
    job = bench.take(shared(f"data/{file}"))
    assert job.state == "failed"
    assert job.detail.count("The file was not taken") == 1


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
