"""Volatility forecasts by GARCH, worked out in a process of their own: the library brings 160 MB and eight seconds of
import with it, which the process that trades must not carry.

The first answer says that it is being worked out; it is there a few seconds later, and kept for the day.
`python -m server.analytics.forecast` is that process: closes as a JSON list on standard input, the answer on standard
output.
"""

import asyncio
import os
import sys
from collections.abc import Hashable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import structlog

from server.core.errors import SaudaError
from server.options import garch

__all__ = ("Forecasts", "GarchFound", "fitted", "main")

F8 = npt.NDArray[np.float64]
HORIZONS = (1, 5, 10, 21, 42, 63)
"""Days ahead."""
_PATIENCE = 60.0
_KEPT = 64
_FEWEST = 250
"""Days below which the model is not even tried."""
_log = structlog.get_logger("volatility")


class GarchFound(msgspec.Struct, frozen=True, kw_only=True):
    """A forecast, or why there is none."""

    available: bool
    model: str = ""
    """gjr: falls raise volatility more than rises."""
    forecast: Sequence[tuple[int, float]] = ()
    """(days ahead, annualised volatility over them)."""
    persistence: float | None = None
    long_run: float | None = None
    reason: str = ""


_PENDING = GarchFound(available=False, reason="The forecast is being worked out; ask again in a few seconds.")


class Forecasts:
    """Answers by key; one process at a time."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, GarchFound] = {}
        self._waiting: dict[Hashable, asyncio.Task[None]] = {}
        self._one = asyncio.Lock()

    def of(self, key: Hashable, closes: F8) -> GarchFound:
        """The forecast for daily closes; the reason where there is none, or none yet."""
        found = self._kept.get(key)
        if found is not None:
            return found
        if len(closes) <= _FEWEST or not garch.available():
            return fitted(closes)  # which says why not, and loads nothing
        if key not in self._waiting:
            task = asyncio.create_task(self._work(key, closes.tolist()), name="garch")
            self._waiting[key] = task
            task.add_done_callback(lambda _: self._waiting.pop(key, None))
        return _PENDING

    async def settle(self) -> None:
        """Return when nothing is being worked out."""
        await asyncio.gather(*self._waiting.values(), return_exceptions=True)

    async def close(self) -> None:
        """End what is being worked out."""
        for task in self._waiting.values():
            task.cancel()
        await self.settle()

    async def _work(self, key: Hashable, closes: Sequence[float]) -> None:
        async with self._one:
            try:
                found = await _process(closes)
            except (OSError, TimeoutError, msgspec.MsgspecError) as error:
                _log.warning("forecast_failed", error=repr(error))
                found = GarchFound(available=False, reason="The forecast could not be worked out; the log says why.")
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[key] = found


def fitted(closes: F8) -> GarchFound:
    """Fit and forecast, here and now."""
    try:
        with np.errstate(all="ignore"):
            found = garch.fit(np.diff(np.log(closes)), "gjr")
    except SaudaError as error:
        return GarchFound(available=False, reason=f"{error.detail} {error.remedy}".strip())
    return GarchFound(
        available=True,
        model="gjr",
        forecast=[(days, found.volatility(days)) for days in HORIZONS],
        persistence=found.persistence,
        long_run=found.long_run,
    )


async def _process(closes: Sequence[float]) -> GarchFound:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server.analytics.forecast",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"},
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            out, _ = await process.communicate(msgspec.json.encode(closes))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return msgspec.json.decode(out, type=GarchFound)


def main() -> None:
    """Answer once."""
    closes = np.array(msgspec.json.decode(sys.stdin.buffer.read(), type=list[float]))
    sys.stdout.buffer.write(msgspec.json.encode(fitted(closes)))


if __name__ == "__main__":
    main()
