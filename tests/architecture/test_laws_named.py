"""Each of the twelve laws of the order path (DESIGN §3) has tests that carry its number.

| law | where it is shown |
|---|---|
| 1-10 | tests/unit/orders/test_laws.py, against a journal and a broker that fail on demand |
| 9 | tests/fault/test_process_faults.py and test_runtime_faults.py as well, on a real process |
| 11 | test_laws.py for orders, tests/unit/market/test_freshness.py for prices |
| 12 | test_laws.py for updates, tests/unit/market/test_commands_first.py for ticks |
"""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"^(?:async )?def test_law_(\d\d)_", re.MULTILINE)


def test_laws_when_counted_then_each_of_the_twelve_has_a_named_test() -> None:
    found = {int(n) for path in TESTS.rglob("test_*.py") for n in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert found == set(range(1, 13))
