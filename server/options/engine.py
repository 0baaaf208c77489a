"""Which code runs the formulas: NumPy, always there, or the compiled path of the extra `fast`, once it is ready.

Nothing here waits: the first large batch asks for the compiled path, a thread gets it, and until then NumPy answers.
Compiling takes seconds of Python, which would make everything else stutter, so a process of its own does it and leaves
the result in Numba's cache; the thread then only loads that.
"""

import importlib
import importlib.util
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal

from server.core.errors import Invalid, Unavailable

__all__ = ("active", "answered", "kernels", "ready", "state", "use", "warm")

Choice = Literal["auto", "numpy", "numba"]
State = Literal["off", "absent", "cold", "compiling", "ready", "failed"]

_MANY: Final = 1000
"""A batch this large asks for the compiled path."""
_LOOPS: Final = "server.options.fast.loops"
_LIMIT: Final = 300.0
_lock = threading.Lock()
_done = threading.Event()


class _Now:
    """What holds for the process."""

    choice: Choice = "auto"
    state: State = "cold"
    module: ModuleType | None = None


def use(choice: str, *, wait: bool = True) -> None:
    """Setting `options.engine`: `auto`, `numpy` (never compile), `numba` (compile now, and unless told otherwise
    `wait`; Unavailable without the extra `fast`)."""
    if choice not in ("auto", "numpy", "numba"):
        raise Invalid(f"There is no engine called {choice}.", field="options.engine", remedy="auto, numpy or numba.")
    if choice == "numba" and not _present():
        raise Unavailable(
            "The compiled engine is not installed.",
            code="options.engine",
            field="options.engine",
            remedy="Install the extra: pip install 'sauda[fast]'.",
        )
    _Now.choice = choice  # type: ignore[assignment]
    if choice == "numba":
        warm()
        if wait:
            _done.wait()


def active() -> Literal["numpy", "numba"]:
    """What answers the next batch."""
    return "numba" if _Now.choice != "numpy" and _Now.module is not None else "numpy"


def state() -> State:
    """Of the compiled path: off by setting, absent, cold (nobody asked yet), compiling, ready or failed."""
    return "off" if _Now.choice == "numpy" else _Now.state


def ready(timeout: float) -> bool:
    """Wait for the compiled path, up to `timeout` seconds."""
    _done.wait(timeout)
    return _Now.module is not None


def warm() -> None:
    """Get the compiled path in the background; at once over when that is under way, done, or cannot be."""
    with _lock:
        if _Now.state != "cold":
            return
        if not _present():
            _Now.state = "absent"
            _done.set()
            return
        _Now.state = "compiling"
    threading.Thread(target=_get, name="options-compile", daemon=True).start()


def kernels() -> Any | None:
    """The compiled path if it is to run the next batch, else None."""
    return None if _Now.choice == "numpy" else _Now.module


def answered(rows: int) -> None:
    """A batch of so many rows was answered: a large one asks for the compiled path, for those to come."""
    if rows >= _MANY and _Now.state == "cold" and _Now.choice == "auto":
        warm()


def _present() -> bool:
    return importlib.util.find_spec("numba") is not None


def _get() -> None:
    try:
        if not _cached():
            _compile_elsewhere()
        _Now.module = importlib.import_module(_LOOPS)
        _Now.state = "ready"
    except Exception:  # noqa: BLE001 - whatever is wrong with a compiler, NumPy goes on answering
        _Now.state = "failed"
    finally:
        _done.set()


def _cached() -> bool:
    """Whether Numba's usual cache has a newer file of every compiled function."""
    source = Path(__file__).parent / "fast" / "kernels.py"
    try:
        written = source.stat().st_mtime
        found = [p for p in (source.parent / "__pycache__").glob("kernels.fill_*.nbi") if p.stat().st_mtime >= written]
    except OSError:
        return False
    return len(found) >= 3


def _compile_elsewhere() -> None:
    root = str(Path(__file__).parents[2])
    code = f"import os, sys; sys.path.insert(0, sys.argv[1]); getattr(os, 'nice', int)(10); import {_LOOPS}"
    if Path(sys.executable).stem.startswith("python"):
        subprocess.run(  # noqa: S603 - our own interpreter, our own code
            [sys.executable, "-c", code, root],
            check=False,
            timeout=_LIMIT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "NUMBA_NUM_THREADS": "1"},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
