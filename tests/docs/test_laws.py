"""Each of the twelve laws of the order path has tests that carry its number, and `tests/LAWS.md` says where."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
NAMED = re.compile(r"^(?:async )?def test_law_(\d\d)_\w+", re.MULTILINE)
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
LAWS = range(1, 13)


def written() -> dict[int, set[str]]:
    """Files with tests of a law, by law, as they are."""
    found: dict[int, set[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for number in NAMED.findall(path.read_text(encoding="utf-8")):
            found.setdefault(int(number), set()).add(path.relative_to(ROOT).as_posix())
    return found


def told() -> dict[int, set[str]]:
    """The same, as the table has them."""
    table = (TESTS / "LAWS.md").read_text(encoding="utf-8").split("<!-- laws -->")[1].split("<!-- /laws -->")[0]
    return {int(number): set(re.findall(r"`([^`]+)`", files)) for number, _, files in ROW.findall(table)}


@pytest.mark.parametrize("law", LAWS)
def test_law_when_looked_up_then_it_has_tests_and_the_table_names_their_files(law: int) -> None:
    assert written().get(law), f"law {law} has no test: name one test_law_{law:02d}_..."
    assert told().get(law) == written()[law]


def test_table_when_read_then_it_has_the_twelve_and_no_other() -> None:
    assert list(told()) == list(LAWS)
    assert set(written()) == set(LAWS)
