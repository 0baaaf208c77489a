"""The brokers there are. A new broker is a new folder and one line here.

Adapters are imported when first used: a start without live accounts pays for none of them.
"""

import tomllib
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import cast

import server.brokers
from server.brokers.kit.manifest import Manifest, load_manifest
from server.brokers.kit.ports import Adapter
from server.core.errors import NotFound

__all__ = ("BROKERS", "adapter", "available", "manifest", "tier", "todo")

BROKERS = (
    "zerodha",
    "upstox",
    "fyers",
    "flattrade",
    "aliceblue",
    "interactive_brokers",
    "alpaca",
    "binance",
    "oanda",
    "schwab",
)
"""Folder names under `server/brokers`, in the order the Connect page shows them."""

_FOLDER = Path(server.brokers.__file__).parent


def available() -> list[str]:
    """Those that can be connected: folders judged to be of some tier; of tier `none` there is no adapter yet."""
    return [name for name in BROKERS if tier(name) != "none"]


def adapter(name: str) -> Adapter:
    """The adapter of a broker; raises NotFound for a name that is none."""
    return cast("Adapter", import_module(f"server.brokers.{_known(name)}").ADAPTER)


@cache
def manifest(name: str) -> Manifest:
    """What a broker can do, without importing its adapter."""
    return load_manifest(_FOLDER / _known(name))


@cache
def tier(name: str) -> str:
    """The tier its `quality.toml` claims: none, bronze, silver or gold."""
    path = _FOLDER / _known(name) / "quality.toml"
    return str(tomllib.loads(path.read_text(encoding="utf-8"))["tier"]) if path.exists() else "none"


@cache
def todo(name: str) -> list[str]:
    """What keeps it from a higher tier, in sentences."""
    path = _FOLDER / _known(name) / "quality.toml"
    rules = tomllib.loads(path.read_text(encoding="utf-8")).get("rule", [])
    return [f"{r['name'].replace('-', ' ')}: {r.get('comment', 'not done')}" for r in rules if r["status"] == "todo"]


def _known(name: str) -> str:
    if name not in BROKERS:
        raise NotFound(
            f"There is no broker {name[:40]!r}.",
            code="broker.unknown",
            field="broker",
            value=name[:40],
            remedy="Use one of: " + ", ".join(BROKERS) + ".",
        )
    return name
