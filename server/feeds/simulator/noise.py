"""Numbers that look random and are a pure function of (key, epoch, stream).

Quotes are made from these, so any moment of a simulated day can be produced by itself, in any order: nothing
depends on what was drawn before. The mixer is the finaliser of SplitMix64 (Steele, Lea, Flood 2014). Whole-day
paths draw from NumPy's Philox, keyed by (seed, day), in `factors.py`.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ("bits", "key", "keys", "normal", "philox", "uniform")

U8 = npt.NDArray[np.uint64]
F8 = npt.NDArray[np.float64]

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_STREAM: Final = 0xD1B54A32D192ED03
_HALF: Final = np.uint64(0xFFFF)


def key(seed: int, name: str) -> int:
    """64 bits that belong to one name under one seed (stable between processes, unlike `hash`)."""
    return int.from_bytes(blake2b(f"{seed}:{name}".encode(), digest_size=8).digest(), "little")


def keys(seed: int, names: Iterable[str]) -> U8:
    """`key` of each name."""
    return np.array([key(seed, name) for name in names], dtype=np.uint64)


def bits(of: U8, epoch: int | U8, stream: int) -> U8:
    """64 mixed bits for each key. `epoch` counts time in the caller's unit and may be an array that broadcasts."""
    offset = np.array([(stream * _STREAM) & _MASK], dtype=np.uint64)
    if isinstance(epoch, np.ndarray):
        z = of + (epoch * np.uint64(_GOLDEN) + offset)
    else:
        z = of + np.array([(epoch * _GOLDEN + int(offset[0])) & _MASK], dtype=np.uint64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: U8 = z ^ (z >> np.uint64(31))
    return mixed


def uniform(of: U8, epoch: int | U8, stream: int) -> F8:
    """Uniform in (0, 1)."""
    share: F8 = ((bits(of, epoch, stream) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return share


def normal(of: U8, epoch: int | U8, stream: int) -> F8:
    """Near normal (sum of four 16-bit uniforms, excess kurtosis -0.3, never beyond 3.47): enough for quote noise."""
    b = bits(of, epoch, stream)
    total = (b & _HALF) + ((b >> np.uint64(16)) & _HALF) + ((b >> np.uint64(32)) & _HALF) + (b >> np.uint64(48))
    z: F8 = (total.astype(np.float64) / 65536.0 - 2.0) * 1.7320508
    return z


def philox(seed: int, ordinal: int, stream: int) -> np.random.Generator:
    """A generator of its own for one stream of one simulated day (ordinals before the first day are negative)."""
    words = np.array([seed & _MASK, ordinal & _MASK], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=words, counter=np.array([0, 0, 0, stream], dtype=np.uint64)))
