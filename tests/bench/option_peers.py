"""The peer of the options bench, in an environment of its own outside the checkout: py_vollib_vectorized, with the only
set of versions found in which it runs (it is broken with today's NumPy and Numba).

Run as a program inside that environment it answers lines on standard input with one JSON line each, so that peer and
own code take turns on the same core.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ("Peer", "environment", "peer")

PINS = (
    "numpy<2",
    "numba<0.61",
    "pandas<2.3",
    "py_lets_be_rational==1.0.1",
    "py_vollib==1.0.1",
    "py_vollib_vectorized==0.1.1",
)
HOME = Path(tempfile.gettempdir()) / "sauda-bench-peers"


def environment() -> Path | str:
    """The environment's interpreter, built when it is not there yet (a minute, 450 MB); else why not, in words."""
    home = Path(os.environ.get("SAUDA_PEERS", HOME))
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    marker = home / "ready"
    if marker.exists() and python.exists():
        return python
    if sys.version_info >= (3, 13):
        return "its versions need Python 3.12 or older"
    steps = (
        [sys.executable, "-m", "venv", "--clear", str(home)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINS],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False, timeout=900)
        if done.returncode:
            return f"its environment could not be built ({(done.stderr or done.stdout).strip().splitlines()[-1][:120]})"
    marker.write_text("ok\n", encoding="utf-8")
    return python


class Peer:
    """A running peer."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.ready: dict[str, Any] = self._read()

    def ask(self, what: str, times: int) -> dict[str, Any]:
        """`iv` or `greeks`, run so many times: {"best_ms": ..., and what was found, once}."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what} {times}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the peer stopped")
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def peer(batch: Path) -> Iterator[Peer | str]:
    """py_vollib_vectorized over the rows of an `.npz`, on the cores this process runs on; or why not."""
    python = environment()
    if isinstance(python, str):
        yield python
        return
    single = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "PYTHONPATH": ""}
    with subprocess.Popen(
        [str(python), "-W", "ignore", __file__, str(batch)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **single},
    ) as process:
        try:
            yield Peer(process)
        finally:
            process.kill()


def _serve(batch: str) -> None:
    import numpy as np

    started = time.perf_counter()
    import py_vollib_vectorized as library  # type: ignore[import-not-found, unused-ignore]

    loaded = time.perf_counter() - started
    data = np.load(batch)
    s, k, t, r, sigma, price = (np.ascontiguousarray(data[n]) for n in ("S", "K", "T", "r", "sigma", "price"))
    letters = np.where(data["flag"] > 0, "c", "p")

    def iv() -> Any:
        return library.vectorized_implied_volatility(price, s, k, t, r, letters, return_as="numpy", on_error="ignore")

    def greeks() -> Any:
        return library.get_all_greeks(letters, s, k, t, r, sigma, return_as="dict")

    started = time.perf_counter()
    first = np.ravel(iv())
    cold = time.perf_counter() - started
    greeks()
    print(json.dumps({"import_ms": loaded * 1e3, "cold_ms": cold * 1e3, "iv": first.tolist()}), flush=True)
    for line in sys.stdin:
        what, times = line.split()
        run = iv if what == "iv" else greeks
        best = float("inf")
        for _ in range(int(times)):
            started = time.perf_counter()
            run()
            best = min(best, time.perf_counter() - started)
        print(json.dumps({"best_ms": best * 1e3}), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1])
