"""What scenario changes do to each second of a day."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from server.feeds.simulator import noise
from server.feeds.simulator.scenario import SCENARIOS, Change

__all__ = ("Overlay", "overlay")

F8 = npt.NDArray[np.float64]


class Overlay(msgspec.Struct):
    """What scenarios do to each second: multiplier of volatility, log return added, log VIX added, activity."""

    vol: F8
    drift: F8
    vix: F8
    activity: F8


def overlay(seed: int, ordinal: int, seconds: int, changes: Sequence[Change]) -> Overlay:
    """Lay the changes over a day of `seconds`; a second before the first change is left alone."""
    out = Overlay(np.ones(seconds), np.zeros(seconds), np.zeros(seconds), np.ones(seconds))
    previous = 1.0
    for number, change in enumerate(changes):
        until = changes[number + 1].second if number + 1 < len(changes) else seconds
        first = max(0, change.second)
        if first >= seconds:
            break
        s = SCENARIOS[change.scenario]
        t = np.arange(seconds - first, dtype=np.float64)
        sign = 1.0 if noise.key(seed, f"trend:{ordinal}:{change.second}") & 1 else -1.0
        window = slice(first, max(first, min(until, seconds)))
        length = window.stop - window.start
        fading = np.exp(-t / s.fade)
        out.vol[window] = (change.volatility * s.vol * (1.0 + s.burst * fading))[:length]
        if s.late:
            out.vol[max(first, seconds - 4500) : window.stop] *= 1.0 + s.late
        rate = np.full_like(t, sign * s.move / 22_500.0) if s.steady else s.move * fading / s.fade
        out.drift[window] += rate[:length]
        # implied volatility follows a change of the multiplier within about ten minutes, and stays
        shift = 0.6 * math.log(change.volatility / previous)
        out.vix[first:] += shift * np.exp(-t / 600.0) / 600.0
        out.vix[window] += (s.vix * fading / s.fade)[:length]
        out.activity[window] = s.activity * change.volatility**0.5
        previous = change.volatility
    return out
