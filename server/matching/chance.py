"""Chance without state: a number that depends on the seed and on what is asked, not on what was asked before.

So a restart, or another order in between, does not change an order's luck.
"""

from hashlib import blake2b

__all__ = ("chance",)


def chance(seed: int, *about: object) -> float:
    """A uniform number in [0, 1) for `about`."""
    digest = blake2b(repr((seed, *about)).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / (1 << 56)
