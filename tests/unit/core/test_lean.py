"""The lean import leaves everything usable, and leaves out what it promises to."""

import subprocess
import sys

PROGRAM = """
import sys
from server.core.lean import import_lean
import_lean()
loaded = [name for name in sys.modules if name.split(".")[0] == "rich"]
assert not loaded, loaded
import structlog
structlog.dev.ConsoleRenderer(colors=False)
import rich.text  # still there for whoever needs it
"""


def test_import_lean_when_fresh_then_rich_stays_out_and_can_be_had_later() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
