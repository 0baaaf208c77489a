"""What a start costs: nothing heavy is imported before it is needed."""

import subprocess
import sys

from tests.process import ROOT

HEAVY = (
    *("scipy", "scipy.special", "scipy.stats", "numba", "openvino", "onnxruntime", "sklearn", "torch", "pandas"),
    *("polars", "pyarrow", "matplotlib", "ib_async", "ccxt", "alembic", "rich", "IPython", "jinja2", "aiohttp"),
)


def test_start_when_imported_then_nothing_heavy_comes_along() -> None:
    code = (
        "from server.core.lean import import_lean; import_lean(); "
        "import sys, server.main, server.app.commands.run, server.app.runtime; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
