"""Each layout is recognised by its first line; what is none of them is refused in one sentence."""

from datetime import date

import pytest

from tests.unit.feeds.replay.kit import Bench, faults, minute_rows, ns

FRIDAY = date(2024, 1, 5)
BHAV = (
    "SYMBOL,SERIES,DATE1,PREV_CLOSE,OPEN_PRICE,HIGH_PRICE,LOW_PRICE,LAST_PRICE,CLOSE_PRICE,AVG_PRICE,TTL_TRD_QNTY,"
    "TURNOVER_LACS,NO_OF_TRADES,DELIV_QTY,DELIV_PER"
)
OPTION = "NFO:BANKNIFTY10JAN2447400CE"


@pytest.mark.parametrize("heading", ["date", "datetime", "timestamp", "Time"])
def test_import_when_bars_then_name_of_the_file_says_what(bench: Bench, heading: str) -> None:
    rows = minute_rows("2024-01-05")
    job = bench.write("NIFTY_1min.csv.gz", [f"{heading},open,high,low,close,volume", *rows], packed=True)
    assert (job.state, job.kind, job.rows, job.taken) == ("done", "one-minute bars of an index", 375, 375)
    assert job.days == (FRIDAY,)
    recorded = bench.recorded(FRIDAY, "NSE_INDEX:NIFTY")
    assert recorded.columns["close"][-1] == 22_375.0
    assert recorded.columns["volume"].sum() == 3_750


def test_import_when_instrument_column_and_split_date_then_read(bench: Bench) -> None:
    rows = [f"NIFTY,20240105,{i // 60 + 9:02d}:{i % 60:02d},22000,22010,21990,22005" for i in range(15, 75)]
    job = bench.write("minutes.csv", ["Instrument,Date,Time,Open,High,Low,Close", *rows])
    assert (job.state, job.taken) == ("done", 60)


@pytest.mark.parametrize(("zone", "hour"), [("+05:30", 9), ("+00:00", 3), ("", 9)])
def test_import_when_stamps_name_a_zone_then_it_counts_else_india(bench: Bench, zone: str, hour: int) -> None:
    start = 15 if hour == 9 else 45
    rows = [f"2024-01-05 {hour:02d}:{start + m:02d}:00{zone},22000,22001,21999,22000,0" for m in range(10)]
    assert bench.write("NIFTY.csv", ["date,open,high,low,close,volume", *rows]).taken == 10
    assert bench.recorded(FRIDAY, "NSE_INDEX:NIFTY").about.first_ns == ns("2024-01-05 09:15:00")


@pytest.mark.parametrize(("step", "words"), [(5, "five-minute"), (15, "fifteen-minute")])
def test_import_when_bars_are_longer_then_told_by_their_distance(bench: Bench, step: int, words: str) -> None:
    rows = minute_rows("2024-01-05")[::step]
    job = bench.write("NIFTY.csv", ["date,open,high,low,close,volume", *rows])
    assert job.kind == f"{words} bars of an index"


def test_import_when_ticks_have_no_heading_then_first_row_is_kept(bench: Bench) -> None:
    rows = [f"2024-01-05 09:15:{i:02d},{21_700 + i}" for i in range(60)]
    job = bench.write("nifty50_1s/2024-01-05.csv", rows)
    assert (job.kind, job.rows, job.taken) == ("ticks of an index", 60, 60)


def test_import_when_ticks_have_tokens_then_the_instrument_list_names_them(bench: Bench) -> None:
    ticks = ["timestamp,token,ltp", *(f"2024-01-05 10:00:{i:02d}.250000,777,{100 + i}" for i in range(60))]
    before = bench.write("ticks_777.csv", ticks)
    assert before.state == "failed"
    assert "777" in before.detail
    assert "instruments file" in before.detail
    listed = bench.write(
        "instruments.csv",
        ["symbol,token,strike,expiry,option_type,lot_size", "BANKNIFTY2411047400CE,777,47400.0,2024-01-10,CE,15"],
    )
    assert (listed.kind, listed.taken) == ("instrument list", 1)
    job = bench.write("ticks_777.csv", ticks)
    assert (job.kind, job.taken) == ("ticks of an option", 60)
    assert bench.recorded(FRIDAY, OPTION).about.lot == 15


def test_import_when_chain_of_the_service_then_oi_in_units_and_quotes_kept(bench: Bench) -> None:
    head = (
        "snapshot_ist,symbol,expiryDate,strikePrice,underlying,CE_OI,CE_CHGOI,CE_IV,CE_LTP,CE_BIDQTY,CE_BID,CE_ASK,"
        "CE_ASKQTY,PE_OI,PE_CHGOI,PE_IV,PE_LTP,PE_BIDQTY,PE_BID,PE_ASK,PE_ASKQTY"
    )
    rows = [
        f"2025-12-03 10:{m:02d}:28,NIFTY,09-Dec-2025,26000,25986.5,10.333,0,9,120.5,75,120.4,120.6,150,4,0,9,0,0,0,0,0"
        for m in (0, 30)
    ]
    job = bench.write("NIFTY_2025-12-03.csv", [head, *rows])
    assert (job.kind, job.taken) == ("option-chain snapshots", 2)
    call = bench.recorded(date(2025, 12, 3), "NFO:NIFTY09DEC2526000CE")
    assert call.columns["oi"].tolist() == [775, 775]
    assert (call.columns["bid"][0], call.columns["ask_qty"][0]) == (120.4, 150)
    keys = {r.instrument.key for r in bench.recordings.recordings(date(2025, 12, 3))}
    assert keys == {"NFO:NIFTY09DEC2526000CE", "NSE_INDEX:NIFTY"}  # the put never traded: no price, no tick


def test_import_when_chain_states_a_change_then_open_interest_of_the_day_before_is_kept(bench: Bench) -> None:
    head = (
        "snapshot_ist,symbol,expiryDate,strikePrice,underlying,CE_OI,CE_CHGOI,CE_IV,CE_LTP,CE_BIDQTY,CE_BID,CE_ASK,"
        "CE_ASKQTY,PE_OI,PE_CHGOI,PE_IV,PE_LTP,PE_BIDQTY,PE_BID,PE_ASK,PE_ASKQTY"
    )
    rows = [
        # before the opening the page still shows yesterday's change
        "2025-12-03 08:50:00,NIFTY,09-Dec-2025,26000,25986.5,100,60,9,120,75,120,121,150,0,0,9,0,0,0,0,0",
        "2025-12-03 10:00:00,NIFTY,09-Dec-2025,26000,25986.5,130,30,9,120,75,120,121,150,0,0,9,0,0,0,0,0",
        "2025-12-03 10:00:00,NIFTY,09-Dec-2025,26100,25986.5,7,7,9,80,75,79,81,150,5,9,9,95,1,94,96,1",
    ]
    assert bench.write("NIFTY_2025-12-03.csv", [head, *rows]).state == "done"
    found = bench.recordings.opening_interest(date(2025, 12, 3), date(2025, 12, 2))
    # 26100 CE is new: nothing was open; a change above what is open (26100 PE) is no change
    assert found == {"NFO:NIFTY09DEC2526000CE": 7_500, "NFO:NIFTY09DEC2526100CE": 0}


def test_import_when_old_chain_page_then_dashes_and_commas_are_read(bench: Bench) -> None:
    head = (
        ",CallOI,CallChnginOI,CallVolume,CallIV,CallLTP,CallNetChng,CallBidQty,CallBidPrice,CallAskPrice,CallAskQty,"
        "StrikePrice,PutBidQty,PutBidPrice,PutAskPrice,PutAskQty,PutNetChng,PutLTP,PutIV,PutVolume,PutChnginOI,PutOI,"
        "CurrentVal"
    )
    row = '0,"1,200",-,10,15.2,"1,210.05",-,40,"1,209.00","1,212.00",20,30000.00,-,-,-,-,-,-,-,-,-,-,"31,200.10"'
    job = bench.write("BANKNIFTY_20JUN2019_2019-06-06_1015.csv", [head, row])
    assert (job.state, job.taken) == ("done", 1)
    call = bench.recorded(date(2019, 6, 6), "NFO:BANKNIFTY20JUN1930000CE")
    assert call.columns["price"].tolist() == [1210.05]
    unnamed = bench.write("page.csv", [head, row])
    assert unnamed.state == "failed"
    assert "what and when" in unnamed.detail


def test_import_when_bhavcopy_then_kept_as_closing_prices_only(bench: Bench) -> None:
    job = bench.write(
        "bhav.csv",
        [
            BHAV,
            "RELIANCE, EQ, 04-Jan-2024,2586.0,2590,2610,2580,2600,2599.5,2597,1000,26,10, 500, 50",
            "10GS2030, GS, 04-Jan-2024,100,100,100,100,100,100,100,1,1,1, 1, 100",
        ],
    )
    assert (job.kind, job.taken, job.refused) == ("equity bhavcopy", 1, 1)
    assert faults(job)["not_a_share"].count == 1
    assert bench.recordings.close_on("NSE:RELIANCE", date(2024, 1, 4)) == 2599.5
    assert bench.recordings.previous_said("NSE:RELIANCE", date(2024, 1, 4)) == 2586.0
    assert bench.library.replays() == []


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["name,age", "Asha,7"], "layout known here (name, age)"),
        (["date,open,high,low,close", "2024-01-04,1,1,1,1", "2024-01-05,1,1,1,1"], "one row a day"),
        (["datetime,underlying_price,NIFTY27JAN2625200CE", "07-01-2026 09:15,26111,0.12"], "implied volatilities"),
        (["date,open,high,low,close,volume"], "holds no rows"),
        (["date,open,high,low,close,volume", "yesterday,1,1,1,1,0"], "cannot be read"),
        (['{"name": "Asha"}'], "not an option chain"),
        (['{"records": {'], "not valid JSON"),
        (["[" * 60_000], "not valid JSON"),
        (['{"status": "success", "data": []}'], "when it was taken"),
    ],
)
def test_import_when_layout_is_unknown_then_refused_in_one_sentence(bench: Bench, lines: list[str], words: str) -> None:
    job = bench.write("NIFTY.csv", lines)
    assert job.state == "failed"
    assert words in job.detail
    assert job.detail.startswith("The file was not taken: ")


def test_import_when_nothing_names_the_instrument_then_asks_for_a_name(bench: Bench) -> None:
    job = bench.write("data.csv", ["date,open,high,low,close,volume", *minute_rows("2024-01-05", price=150.0)])
    assert job.state == "failed"
    assert "which instrument" in job.detail
