"""Tiers of broker adapters: which rules make which tier, and what a folder claims of itself.

bronze = account and quotes are read; silver = orders pass the contract suite with reconnect and reconcile faults;
gold = unknown outcomes, partial fills, postbacks and limits are proved. Live orders are refused below gold.
"""

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from server.core.errors import Fault

__all__ = ("RULES", "TIERS", "Quality", "Rule", "earned", "load_quality", "missing")

Tier = Literal["none", "bronze", "silver", "gold"]
TIERS: tuple[Tier, ...] = ("none", "bronze", "silver", "gold")

RULES: dict[str, Tier] = {
    "account-and-quotes": "bronze",
    "parsers-on-real-samples": "bronze",
    "fuzzed": "bronze",
    "contract-suite": "silver",
    "every-claimed-term": "silver",
    "reconnect-and-reconcile": "silver",
    "unknown-outcome": "gold",
    "partial-fill": "gold",
    "postback": "gold",
    "limits": "gold",
    "stream-to-the-byte": "gold",
}
"""What must be done, or be exempt for a reason, and for which tier."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule as a folder claims it."""

    name: str
    tier: Tier
    status: Literal["done", "todo", "exempt"]
    proved_by: str = ""
    """The test file, for what is done."""
    comment: str = ""
    """Why, for what is not."""


class Quality(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A folder's claim."""

    tier: Tier
    rule: tuple[Rule, ...]


def load_quality(folder: Path) -> Quality:
    """Read `quality.toml` of a broker folder; raises Fault, naming the file, when it does not fit."""
    path = folder / "quality.toml"
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Quality)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Fault(f"{path.parent.name}/quality.toml: {error}", code="broker.quality") from error


def earned(quality: Quality) -> Tier:
    """The highest tier all of whose rules, and those of the tiers below, are done or exempt."""
    settled = {rule.name for rule in quality.rule if rule.status != "todo"}
    found: Tier = "none"
    for tier in TIERS[1:]:
        if not all(name in settled for name, needed in RULES.items() if needed == tier):
            break
        found = tier
    return found


def missing(quality: Quality) -> list[Rule]:
    """What keeps a folder from gold."""
    return [rule for rule in quality.rule if rule.status == "todo"]
