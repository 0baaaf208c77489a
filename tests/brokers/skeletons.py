"""Bodies made from key skeletons (`{a:str, b:[{c:int}]}`): the shapes of samples held back, with values of ours."""

import re
from pathlib import Path
from typing import Any

__all__ = ("build", "skeletons")

_ATOMS: dict[str, Any] = {"str": "1", "int": 1, "num": 1.5, "null": None, "bool": False}
_KEY = re.compile(r"(.+?):(?=[{\[]|str\b|int\b|num\b|null\b|bool\b)")


def skeletons(path: Path) -> dict[str, str]:
    """Skeleton by family, of the shared SHAPES file."""
    found = re.findall(r"^## (\S+)\n`(.*)`$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(found)


def build(skeleton: str, values: dict[str, Any] | None = None) -> Any:
    """Plain data of that shape; `values` by key replace the plain atoms."""
    got, rest = _value(skeleton.strip(), "", values or {})
    if rest.strip():
        raise ValueError(f"left over: {rest[:60]}")
    return got


def _value(text: str, key: str, values: dict[str, Any]) -> tuple[Any, str]:
    if text.startswith("{"):
        return _object(text[1:], values)
    if text.startswith("["):
        return _list(text[1:], key, values)
    match = re.match(r"(str|int|num|null|bool)( x\d+)?", text)
    if match is None:
        raise ValueError(text[:60])
    atom = _ATOMS[match[1]]
    return (values[key] if key in values and atom is not None else atom), text[match.end() :]


def _object(text: str, values: dict[str, Any]) -> tuple[dict[str, Any], str]:
    found: dict[str, Any] = {}
    while not text.startswith("}"):
        match = _KEY.match(text)
        if match is None:
            raise ValueError(text[:60])
        found[match[1]], text = _value(text[match.end() :], match[1], values)
        text = text.removeprefix(", ")
    return found, text[1:]


def _list(text: str, key: str, values: dict[str, Any]) -> tuple[list[Any], str]:
    found = []
    while not text.startswith("]"):
        value, text = _value(text, key, values)
        found.append(value)
        text = text.removeprefix(", ")
    return found, text[1:]
