"""Which instrument a symbol or a file's name means."""

from datetime import date

import pytest

from server.feeds.replay.names import Names, parse_day
from tests.trading import rulebook


@pytest.fixture(scope="module")
def names() -> Names:
    return Names(rulebook())


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("BANKNIFTY_15min_2015-01-09_2021-12-31.csv.gz", "NSE_INDEX:BANKNIFTY"),
        ("derived_NIFTY_1min_from_ticks_2021.csv.gz", "NSE_INDEX:NIFTY"),
        ("lean_NIFTY50_1min_20190101.csv.gz", "NSE_INDEX:NIFTY"),
        ("INDIAVIX_1min_2023-04-01_2023-04-30.csv.gz", "NSE_INDEX:INDIAVIX"),
        ("2021-04-05/NIFTY_BANK.csv.gz", "NSE_INDEX:BANKNIFTY"),
        ("BNF_2024.csv", "NSE_INDEX:BANKNIFTY"),
        ("nifty50_1s/2022-08-12.csv.gz", "NSE_INDEX:NIFTY"),
        ("2021-04-05/SBIN.csv", "NSE:SBIN"),
        ("AXISBANK_05_April.csv", "NSE:AXISBANK"),
        ("TATASTEEL2021-05-27_.csv", "NSE:TATASTEEL"),
        ("M&M.csv", "NSE:M&M"),
        ("BAJAJ-AUTO.csv", "NSE:BAJAJ-AUTO"),
        ("SOMESHARE.csv", "NSE:SOMESHARE"),
        ("BANKNIFTY_10JAN2024_47400CE_1min.csv.gz", "NFO:BANKNIFTY10JAN2447400CE"),
        ("kite_candles_1min_NIFTY25O1425000CE_10924290_20251008.csv.gz", "NFO:NIFTY14OCT2525000CE"),
        ("a\\b\\NIFTY01DEC2624500PE.csv", "NFO:NIFTY01DEC2624500PE"),
        ("2022-08-12.csv", None),
        ("data.csv", None),
        ("ticks_CALL_10924290_10924290_20251008.csv.gz", None),
        ("", None),
    ],
)
def test_file_when_named_then_instrument_or_none(names: Names, file: str, key: str | None) -> None:
    found = names.file(file)
    assert (found.key if found else None) == key


@pytest.mark.parametrize(
    ("symbol", "key"),
    [
        ("NIFTY 50", "NSE_INDEX:NIFTY"),
        ("NIFTY50", "NSE_INDEX:NIFTY"),
        ("NIFTY25O1422850CE", "NFO:NIFTY14OCT2522850CE"),
        ("ICICIBANK27APR23880CE", "NFO:ICICIBANK27APR23880CE"),
        ("BANKNIFTY24NOV26FUT", "NFO:BANKNIFTY24NOV26FUT"),
        ("SENSEX", "BSE_INDEX:SENSEX"),
        ("RELIANCE", "NSE:RELIANCE"),
        ("NIFTY25X1422850CE", None),
        ("NOBODYKNOWS", None),
    ],
)
def test_symbol_when_known_form_then_instrument_or_none(names: Names, symbol: str, key: str | None) -> None:
    found = names.symbol(symbol)
    assert (found.key if found else None) == key


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-01-10", date(2024, 1, 10)),
        ("20240110", date(2024, 1, 10)),
        ("10-Jan-2024", date(2024, 1, 10)),
        ("1AUG2019", date(2019, 8, 1)),
        ("31-Feb-2024", None),
        ("DEFAULT", None),
        ("", None),
    ],
)
def test_parse_day_when_written_as_files_write_it_then_date_or_none(text: str, day: date | None) -> None:
    assert parse_day(text) == day
