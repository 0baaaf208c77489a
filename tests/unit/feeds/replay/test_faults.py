"""Each documented fault is found, counted, shown by an example, and mended or left out; no row is lost on the way."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.feeds.replay.clean import clean
from server.feeds.replay.columns import TICK_FLOATS, TICK_INTS, Buffer
from server.feeds.replay.names import index_of
from server.feeds.replay.tally import Tally
from tests.unit.feeds.replay.kit import Bench, faults, known, minute_rows, ns

HEAD = "date,open,high,low,close,volume"
TICKS = "timestamp,ltp,volume"
DAY = date(2024, 1, 5)
KEY = "NSE_INDEX:NIFTY"


def ticks(*rows: tuple[str, float, int]) -> list[str]:
    return [TICKS, *(f"2024-01-05 {at},{price},{volume}" for at, price, volume in rows)]


def test_bars_when_whole_day_then_no_fault(bench: Bench) -> None:
    job = bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-05")])
    assert faults(job) == {}
    assert (job.taken, job.repaired, job.refused) == (375, 0, 0)


def test_bars_when_after_close_then_left_out_and_last_gives_the_close(bench: Bench) -> None:
    late = ["2024-01-05 15:30:00,22300,22300,22290,22290.5,0", "2024-01-05 15:31:00,22291,22291,22291,22291.75,0"]
    job = bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-05"), *late])
    found = faults(job)["after_close"]
    assert (found.count, found.outcome) == (2, "refused")
    assert "line 377: 2024-01-05 15:30:00 22300" in found.example
    assert bench.recorded(DAY, KEY).about.close == 22291.75


def test_bars_when_before_open_then_near_ones_taken_and_wild_ones_left_out(bench: Bench) -> None:
    early = ["2024-01-05 09:07:00,20500,20500,20500,20500,0", "2024-01-05 09:08:00,21990,21990,21990,21990,0"]
    job = bench.write("NIFTY.csv", [HEAD, *early, *minute_rows("2024-01-05")])
    assert faults(job)["wild_preopen"].count == 1
    assert faults(job)["before_open"].count == 1
    assert (job.taken, job.refused) == (376, 1)


def test_bars_when_stamped_back_repeated_and_differing_then_in_order_and_last_kept(bench: Bench) -> None:
    rows = minute_rows("2024-01-05")
    again = [*rows[:100], "2024-01-05 09:20:00,22005,22099,22003,22006,10", rows[6]]
    job = bench.write("NIFTY.csv", [HEAD, *again, *rows[100:]])
    found = faults(job)
    assert (found["step_back"].count, found["step_back"].outcome) == (1, "repaired")
    assert "line 102" in found["step_back"].example
    assert found["duplicate"].count == 1
    assert found["conflicting_duplicate"].count == 1
    columns = bench.recorded(DAY, KEY).columns
    assert len(columns["high"]) == 375
    assert columns["high"][5] == 22099.0


def test_bars_when_high_is_below_their_prices_then_widened(bench: Bench) -> None:
    rows = minute_rows("2024-01-05")
    rows[3] = "2024-01-05 09:18:00,22003,22002,22001,22004,10"
    job = bench.write("NIFTY.csv", [HEAD, *rows])
    assert faults(job)["bad_ohlc"].count == 1
    assert job.repaired == 1
    assert bench.recorded(DAY, KEY).columns["high"][3] == 22004.0


def test_rows_when_price_is_zero_or_field_is_words_then_left_out(bench: Bench) -> None:
    rows = minute_rows("2024-01-05")
    rows[3], rows[4], rows[5] = "2024-01-05 09:18:00,0,0,0,0,0", "2024-01-05 09:19:00,nan,1,1,1,0", "short,row"
    job = bench.write("NIFTY.csv", [HEAD, *rows])
    assert faults(job)["bad_price"].count == 1
    assert faults(job)["unreadable_row"].count == 2
    assert "line 6" in faults(job)["unreadable_row"].example
    assert (job.taken, job.refused) == (372, 3)


def test_bars_when_minutes_are_missing_then_hole_late_start_early_end_and_short_day_are_told(bench: Bench) -> None:
    rows = minute_rows("2024-01-05")
    job = bench.write("NIFTY.csv", [HEAD, *rows[30:60], *rows[160:200]])
    found = faults(job)
    assert found["outage"].example == "NIFTY: nothing from 2024-01-05 10:14:00 to 11:55:00"
    assert "09:45:00" in found["late_start"].example
    assert "12:34:00" in found["early_end"].example
    assert "of 375 minutes, 70 rows" in found["short_day"].example
    assert job.taken == 70


def test_day_when_exchange_was_closed_then_left_out(bench: Bench) -> None:
    job = bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-06")])
    assert (faults(job)["not_trading_day"].count, job.taken, job.days) == (375, 0, ())
    assert "Saturday" in faults(job)["not_trading_day"].example


@pytest.mark.parametrize("order", [("2024-01-05", "2024-01-06"), ("2024-01-04", "2024-01-05")])
def test_day_when_it_repeats_an_earlier_one_then_stale_copy(bench: Bench, order: tuple[str, str]) -> None:
    first, copy = order
    bench.write("NIFTY.csv", [HEAD, *minute_rows(first)])
    job = bench.write("NIFTY.csv", [HEAD, *minute_rows(copy)])
    assert (faults(job)["stale_copy"].count, job.taken) == (375, 0)
    assert [r.day.isoformat() for r in bench.recordings.recordings()] == [first]


def test_day_when_the_copy_came_first_then_thrown_out_for_the_original(bench: Bench) -> None:
    bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-05")])
    job = bench.write("NIFTY.csv", [HEAD, *minute_rows("2024-01-04")])
    assert "thrown out" in faults(job)["stale_copy"].action
    assert [r.day.isoformat() for r in bench.recordings.recordings()] == ["2024-01-04"]


def test_day_when_untraded_option_stands_still_then_no_copy(bench: Bench) -> None:
    for day in ("2024-01-04", "2024-01-05"):
        rows = [f"{r.split(',')[0]},1004.5,1004.5,1004.5,1004.5,0" for r in minute_rows(day)]
        job = bench.write("BANKNIFTY_10JAN2024_47400CE_1min.csv", [HEAD, *rows])
        assert job.taken == 375


def test_file_when_rows_name_another_index_then_price_level_decides(bench: Bench) -> None:
    head = "Instrument,Date,Time,Open,High,Low,Close"
    rows = [f"NIFTY,20240105,{9 + i // 60:02d}:{i % 60:02d},48200,48210,48190,48205" for i in range(15, 75)]
    job = bench.write("BANKNIFTY_1min.csv", [head, *rows])
    found = faults(job)["mislabelled"]
    assert (found.count, job.repaired, job.taken) == (60, 60, 0)
    assert "by their level" in found.action
    assert bench.recordings.recordings()[0].instrument.key == "NSE_INDEX:BANKNIFTY"
    wrong = bench.write("index.csv", [head, *rows])
    assert wrong.state == "failed"
    assert "would fit BANKNIFTY" in wrong.detail


def test_file_when_year_has_no_level_then_earlier_imports_decide(bench: Bench) -> None:
    bench.write("NIFTY.csv", [HEAD, *minute_rows("2026-02-02", price=25_000.0)])
    job = bench.write("NIFTY.csv", [HEAD, *minute_rows("2026-02-03", price=58_000.0)])
    assert job.state == "failed"
    assert "not those of NIFTY" in job.detail


def test_file_when_nothing_names_it_then_told_by_its_level(bench: Bench) -> None:
    rows = [f"2022-08-12 09:{15 + i // 60:02d}:{i % 60:02d},{17_650 + i % 7}" for i in range(300)]
    job = bench.write("2022-08-12.csv", rows)
    assert faults(job)["unnamed"].count == 300
    assert bench.recordings.recordings()[0].instrument.key == KEY


def test_ticks_when_volume_steps_back_with_time_then_sorted_and_nothing_held(bench: Bench) -> None:
    rows = [("09:15:00", 100.0, 10), ("09:15:02", 100.2, 30), ("09:15:01", 100.1, 20), ("09:15:02", 100.2, 30)]
    job = bench.write("2024-01-05/SBIN.csv", ticks(*rows, ("09:15:03", 100.3, 25)))
    found = faults(job)
    assert (found["step_back"].count, found["duplicate"].count, found["volume_fell"].count) == (1, 1, 1)
    assert bench.recorded(DAY, "NSE:SBIN").columns["volume"].tolist() == [10, 20, 30, 30]
    assert (job.taken, job.repaired, job.refused) == (2, 2, 1)


def test_day_when_older_than_the_calendar_then_said_and_hours_of_its_time_used(bench: Bench) -> None:
    rows = minute_rows("2009-03-02", start="09:55", count=335, price=2_700.0)
    late = "2009-03-02 15:30:00,3000,3000,3000,3000,0"
    job = bench.write("NIFTY.csv", [HEAD, *rows, late])
    found = faults(job)
    assert found["not_checked"].action.startswith("The calendar of 2009 is not known")
    assert found["after_close"].count == 1
    assert "late_start" not in found


def test_index_when_opening_is_far_from_the_day_before_then_kept_and_told(bench: Bench) -> None:
    job = bench.write(
        "NIFTY.csv", [HEAD, *minute_rows("2024-01-04", price=20_000.0), *minute_rows("2024-01-05", price=23_500.0)]
    )
    assert faults(job)["price_jump"].count == 1
    assert job.taken == 750


def test_special_session_when_in_two_parts_then_the_break_is_no_hole(bench: Bench) -> None:
    rows = minute_rows("2024-03-02", count=45) + minute_rows("2024-03-02", start="11:30", count=60, price=22_100.0)
    assert faults(bench.write("NIFTY.csv", [HEAD, *rows])) == {}


@given(
    st.lists(
        st.tuples(
            st.integers(min_value=-3_600, max_value=26_000),
            st.sampled_from([0.0, 99.95, 100.0, 100.05, 21_700.0, 21_700.5, 21_900.0]),
            st.integers(min_value=0, max_value=10_000),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_clean_when_any_ticks_come_then_times_rise_volume_never_falls_and_each_line_is_there_once(
    rows: list[tuple[int, float, int]],
) -> None:
    buffer = Buffer(TICK_FLOATS, TICK_INTS)
    start = ns("2024-01-05 09:15:00")
    for line, (second, price, volume) in enumerate(rows, 1):
        buffer.add(line, start + second * 1_000_000_000, (price, float("nan"), float("nan")), (volume, 0, 0, 0))
    tally = Tally()
    for day in clean(buffer.series(index_of("NIFTY"), "ticks"), known(), tally):
        assert (day.time[1:] >= day.time[:-1]).all()
        assert (day.columns["volume"][1:] >= day.columns["volume"][:-1]).all()
        assert (day.columns["price"] > 0).all()
        assert len(set(day.line.tolist())) == len(day.line)
        given_prices = {price for _, price, _ in rows}
        assert set(day.columns["price"].tolist()) <= given_prices
    lost = sum(f.count for f in tally.report() if f.outcome == "refused")
    assert lost <= len(rows)
