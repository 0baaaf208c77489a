"""Dated rows: which one holds, what is refused, and how a group is switched off."""

from datetime import date
from pathlib import Path

import pytest

from server.core.errors import Fault, Invalid
from server.core.paths import bundled
from server.rulebook import Rulebook
from server.rulebook.rows import Row, Rows, Table


class Rate(Row, frozen=True, kw_only=True):
    item: str
    rate: int


FIRST, SECOND = date(2024, 1, 1), date(2025, 1, 1)
RULES = """
[[rate]]
item = "A"
rate = 1
to = 2023-12-31
source = "MEM"
conf = "L"
[[rate]]
item = "A"
rate = 2
from = 2024-01-01
source = "MEM"
conf = "L"
[[rate]]
item = "A"
rate = 3
from = 2025-01-01
group = "doubtful"
source = "MEM"
conf = "L"
"""


def read(folder: Path, text: str = RULES, *without: str) -> Table[Rate]:
    (folder / "rates.toml").write_text(text, encoding="utf-8")
    rows = Rows(folder, frozenset(without))
    table = rows.table("rate", Rate, lambda r: [r.item])
    rows.finish()
    return table


@pytest.mark.parametrize(
    ("day", "rate"),
    [(date(1999, 1, 1), 1), (date(2023, 12, 31), 1), (FIRST, 2), (date(2024, 12, 31), 2), (SECOND, 3)],
)
def test_look_up_when_rows_follow_each_other_then_the_newest_begun_holds(tmp_path: Path, day: date, rate: int) -> None:
    assert read(tmp_path).need("A", day).rate == rate


def test_look_up_when_the_group_is_off_then_the_row_before_stays_in_force(tmp_path: Path) -> None:
    table = read(tmp_path, RULES, "doubtful")
    row = table.need("A", date(2026, 1, 1))
    assert row.rate == 2
    assert table.until("A", row) is None


def test_until_when_a_row_follows_then_it_is_the_eve_of_it(tmp_path: Path) -> None:
    table = read(tmp_path)
    assert table.until("A", table.need("A", FIRST)) == date(2024, 12, 31)


def test_switch_off_when_there_is_no_such_group_then_the_known_ones_are_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="typo") as caught:
        read(tmp_path, RULES, "typo")
    assert "doubtful" in caught.value.remedy


def test_look_up_when_the_key_is_unknown_then_invalid(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        read(tmp_path).need("B", FIRST)
    assert caught.value.code == "rules.unknown_rate"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (RULES.replace("from = 2025-01-01", "from = 2024-01-01"), "rules.overlap"),
        (RULES.replace("to = 2023-12-31", "to = 2024-01-01"), "rules.overlap"),
        (RULES.replace('conf = "L"', 'conf = "sure"', 1), "rules.row"),
        (RULES.replace("rate = 1", "rote = 1"), "rules.row"),
        (RULES.replace('source = "MEM"\n', "", 1), "rules.row"),
        (RULES.replace("[[rate]]", "[[rote]]", 1), "rules.table"),
        (RULES.replace("rate = 1", "rate ="), "rules.file"),
    ],
)
def test_read_when_a_file_is_wrong_then_fault_names_it(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(Fault) as caught:
        read(tmp_path, text)
    assert caught.value.code == code


def test_read_an_empty_folder_then_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        Rulebook.load(tmp_path)
    assert caught.value.code == "rules.missing"


def test_source_of_when_a_row_holds_then_it_tells_where_from_and_how_sure(rulebook: Rulebook) -> None:
    assert rulebook.source_of("lot", date(2026, 12, 1), "NIFTY weekly") == ("CIRC NSE/FAOP/70616", "H")
    source, conf = rulebook.source_of("session", date(2026, 12, 7), "CASH_FNO_STOCK continuous")
    assert "SEBI" in source
    assert conf == "M"


def test_source_of_an_unknown_table_then_invalid(rulebook: Rulebook) -> None:
    with pytest.raises(Invalid) as caught:
        rulebook.source_of("lots", date(2026, 12, 1), "NIFTY weekly")
    assert caught.value.code == "rules.unknown_rule"


def test_load_what_ships_then_both_doubtful_groups_can_be_switched_off(rulebook: Rulebook) -> None:
    assert rulebook.groups == {"sebi-2026-12", "muhurat-2026-hours"}
    off = Rulebook.load(bundled("config") / "rules", without=rulebook.groups)
    with pytest.raises(Invalid) as caught:
        off.session("CASH_FNO_STOCK", date(2026, 11, 8))
    assert caught.value.code == "rules.unknown_hours"
