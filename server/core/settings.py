"""Settings base: TOML files, environment and flags folded into one frozen struct, whole or not at all.

Order of authority, lowest first: defaults file, user file, environment (`SAUDA_RISK__MAX_ORDERS=5`),
flags (`risk.max_orders=5`). A wrong value names the file and line, or the variable, it came from.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from server.core.errors import Invalid

__all__ = ("load",)

T = TypeVar("T", bound=msgspec.Struct)
_PREFIX = "SAUDA_"


def load(
    kind: type[T],
    files: Sequence[Path],
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, str] | None = None,
) -> T:
    """Read and merge all sources into a `kind`; raises Invalid with file, line and remedy."""
    merged: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for path in files:
        if path.exists():
            _merge(merged, _read(path), origin, str(path), ())
    for name, text in sorted((environment or {}).items()):
        if name.startswith(_PREFIX) and "__" in name:
            keys = tuple(name[len(_PREFIX) :].lower().split("__"))
            _merge(merged, _nest(keys, _scalar(text)), origin, name, ())
    for name, text in (flags or {}).items():
        _merge(merged, _nest(tuple(name.split(".")), _scalar(text)), origin, f"--set {name}", ())
    try:
        return msgspec.convert(merged, kind, strict=True, dec_hook=None)
    except msgspec.ValidationError as error:
        raise _explain(error, origin) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(
            f"{path}: {error}",
            code="settings.syntax",
            field=str(path),
            remedy="Mend the line named, or remove the file to use the defaults.",
        ) from None


def _merge(into: dict[str, Any], new: dict[str, Any], origin: dict[str, str], source: str, at: tuple[str, ...]) -> None:
    for key, value in new.items():
        path = (*at, key)
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value, origin, source, path)
        elif isinstance(value, dict):
            into[key] = {}
            _merge(into[key], value, origin, source, path)
        else:
            into[key] = value
            origin[".".join(path)] = source


def _nest(keys: tuple[str, ...], value: object) -> dict[str, Any]:
    out: Any = value
    for key in reversed(keys):
        out = {key: out}
    return out  # type: ignore[no-any-return]


def _scalar(text: str) -> object:
    """A value as TOML would read it; bare words are strings."""
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return text


def _explain(error: msgspec.ValidationError, origin: dict[str, str]) -> Invalid:
    text = str(error)
    match = re.search(r"at `\$\.?([^`]*)`", text)
    name = match.group(1) if match else ""
    unknown = re.search(r"unknown field `([^`]*)`", text)
    if unknown:
        name = f"{name}.{unknown.group(1)}".lstrip(".")
    source = origin.get(name) or next((s for k, s in origin.items() if k.startswith(name)), "settings")
    where = f"{source}{_line(source, name)}"
    return Invalid(
        f"{where}: setting {name or '(root)'}: {text.split(' - at')[0]}",
        code="settings.value",
        field=name,
        remedy="Mend the value; nothing was changed.",
    )


def _line(source: str, name: str) -> str:
    path = Path(source)
    if not path.is_file():
        return ""
    *tables, key = name.split(".")
    table = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        head = re.match(r"\s*\[([^\]]+)\]", line)
        if head:
            table = head.group(1).strip()
        elif table == ".".join(tables) and re.match(rf"\s*{re.escape(key)}\s*=", line):
            return f" line {number}"
    return ""
