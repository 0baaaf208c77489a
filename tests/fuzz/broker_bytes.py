"""Hostile bytes for brokers' parsers: samples cut, doubled, flipped and re-typed; nothing but Invalid may come out."""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from server.core.errors import Invalid

__all__ = ("grind", "mutations")

_ODD: tuple[Any, ...] = (None, True, "", "x", "-", 0, -1, 1.5, 10**40, [], {}, [[]], {"a": 1}, "NaN", "1e9999", "é" * 9)
_BYTES = (b"", b"null", b"[]", b"{}", b"0", b'"', b"<html></html>", b"\xff\xfe", b"[" * 5000, b'{"a":' * 2000, b"\x00")


def mutations(seeds: Iterable[bytes], random_: random.Random) -> Iterator[bytes]:
    """An endless stream of bodies."""
    pool = [seed for seed in seeds if seed] or [b"{}"]
    while True:
        seed = random_.choice(pool)
        match random_.randrange(6):
            case 0:
                yield random_.choice(_BYTES)
            case 1:
                yield seed[: random_.randrange(len(seed) + 1)]
            case 2:
                changed = bytearray(seed)
                for _ in range(random_.randrange(1, 6)):
                    changed[random_.randrange(len(changed))] = random_.randrange(256)
                yield bytes(changed)
            case 3:
                yield random_.randbytes(random_.randrange(200))
            case _:
                yield _retyped(seed, random_)


def _retyped(seed: bytes, random_: random.Random) -> bytes:
    """A JSON seed with one value replaced, dropped or doubled."""
    try:
        data = json.loads(seed)
    except ValueError:
        return seed + seed
    spots = list(_spots(data))
    if not spots:
        return json.dumps(random_.choice(_ODD)).encode()
    holder, key = random_.choice(spots)
    if isinstance(holder, dict) and random_.random() < 0.3:
        del holder[key]
    else:
        holder[key] = random_.choice(_ODD)
    return json.dumps(data).encode()


def _spots(data: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield data, key
            yield from _spots(value)
    elif isinstance(data, list):
        for n, value in enumerate(data[:50]):
            yield data, n
            yield from _spots(value)


def grind(
    parsers: Mapping[str, Callable[[bytes], Any]],
    decoders: Iterable[Callable[[bytes], Any]],
    seeds: Iterable[bytes],
    *,
    frames: int,
    seed: int = 20261120,
) -> int:
    """Feed `frames` bodies to parsers and decoders in turn; returns how many made sense. Raises what is not ours."""
    chance, read = random.Random(seed), 0
    targets = [*parsers.values(), *decoders]
    stream = mutations(seeds, chance)
    for n in range(frames):
        body = next(stream)
        try:
            targets[n % len(targets)](body)
            read += 1
        except Invalid as error:
            if not error.extra.get("broker") or not error.extra.get("call"):
                raise AssertionError(f"an Invalid without broker and call: {error}") from error
    return read
