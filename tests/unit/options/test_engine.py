"""Which code runs: nothing heavy at import, an answer at once, the compiled path when it is there, the same results."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
import pytest

from server.core.errors import Invalid, Unavailable
from server.options import engine, greeks, implied_volatility
from server.options.sensitivity import NAMES
from tests.options_reference import batch

compiled = pytest.mark.skipif(find_spec("numba") is None, reason="not run: the extra `fast` is not installed")


@pytest.fixture(autouse=True)
def automatic() -> Iterator[None]:
    yield
    engine.use("auto")


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_options_when_imported_then_nothing_heavy_comes_with_it() -> None:
    heavy = ["numba", "llvmlite", "openvino", "scipy", "arch", "pandas"]
    code = (
        "import sys; from server.options import implied_volatility, greeks, price; "
        "import server.options.device, server.options.garch; "
        "implied_volatility(100.0, 100.0, 0.1, 0.06, 1, 3.0); greeks(100.0, 100.0, 0.1, 0.06, 0.2, 1); "
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    assert run(code) == "[]"


def test_first_answer_when_just_imported_then_within_fifty_milliseconds() -> None:
    code = (
        "import time; from server.options import implied_volatility; import numpy as np; "
        "strikes = np.linspace(20000.0, 30000.0, 900); t = time.perf_counter(); "
        "implied_volatility(24800.0, strikes, 0.1, 0.06, 1, 400.0); "
        "print((time.perf_counter() - t) * 1e3)"
    )
    assert min(float(run(code)) for _ in range(3)) < 50.0


@compiled
def test_engines_when_given_the_same_rows_then_the_same_results() -> None:
    rows = batch(21, 600)
    results = []
    for name in ("numpy", "numba"):
        engine.use(name)
        volatility = implied_volatility(*(rows[n] for n in ("S", "K", "T", "r", "flag", "price")), q=0.01)
        results.append((volatility, greeks(*(rows[n] for n in ("S", "K", "T", "r", "sigma", "flag")), q=0.01)))
    (a, ga), (b, gb) = results
    assert np.array_equal(np.isnan(a), np.isnan(b))
    assert np.isfinite(a).sum() > 450
    assert np.nanmax(np.abs(a - b)) <= 1e-11
    assert np.nanpercentile(np.abs(a - b), 99) <= 1e-13
    for name in NAMES:
        assert np.abs(ga[name] - gb[name]).max() <= 1e-13 * np.abs(ga[name]).max(), name


@compiled
def test_engine_when_a_large_batch_comes_then_the_compiled_path_is_got_meanwhile() -> None:
    code = (
        "import numpy as np; from server.options import engine, implied_volatility\n"
        "few, many = np.full(10, 3.0), np.full(5000, 3.0)\n"
        "implied_volatility(100.0, 100.0, 0.1, 0.06, 1, few); first = engine.state()\n"
        "one = implied_volatility(100.0, 100.0, 0.1, 0.06, 1, many); then = engine.active()\n"
        "ready = engine.ready(55.0); two = implied_volatility(100.0, 100.0, 0.1, 0.06, 1, many)\n"
        "print(first, then, ready, engine.active(), abs(one - two).max() < 1e-13)"
    )
    assert run(code) == "cold numpy True numba True"


def test_engine_when_forced_to_numpy_then_nothing_is_compiled() -> None:
    engine.use("numpy")
    assert engine.kernels() is None
    assert engine.active() == "numpy"
    assert engine.state() == "off"


def test_engine_when_the_name_is_unknown_then_invalid() -> None:
    with pytest.raises(Invalid, match="no engine called fortran"):
        engine.use("fortran")


def test_engine_when_the_extra_is_absent_then_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_present", lambda: False)
    with pytest.raises(Unavailable, match="not installed") as caught:
        engine.use("numba")
    assert "sauda[fast]" in caught.value.remedy
