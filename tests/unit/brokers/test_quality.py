"""What broker folders claim of themselves is checked: rules, proofs, call names, README's table."""

import importlib
from pathlib import Path

import pytest

from server.brokers.kit.manifest import load_manifest
from server.brokers.kit.quality import RULES, Rule, earned, load_quality
from server.brokers.kit.table import START, folders, put
from tests.brokers.seeds import SEEDS
from tests.contract.brokers.harness import HARNESSES
from tests.fuzz.test_broker_parsers import FOLDERS

ROOT = Path(__file__).resolve().parents[3]
BROKERS = ROOT / "server" / "brokers"
CLAIMING = sorted(path.parent.name for path in BROKERS.glob("*/quality.toml"))
PARSING = sorted(p.parent.name for p in BROKERS.glob("*/parse.py") if (p.parent / "manifest.toml").exists())
CALLS = [
    "session",
    "place",
    "modify",
    "cancel",
    "orders",
    "order_history",
    "trades",
    "positions",
    "holdings",
    "funds",
    "margin",
    "quotes",
    "depth",
    "history",
    "instruments",
    "option_chain",
    "gtt",
    "postback",
    "error",
]


def claim(name: str) -> dict[str, Rule]:
    """A folder's rules by name."""
    return {rule.name: rule for rule in load_quality(BROKERS / name).rule}


@pytest.mark.parametrize("name", CLAIMING)
def test_quality_when_claimed_then_every_rule_is_there_under_its_tier(name: str) -> None:
    assert {rule: one.tier for rule, one in claim(name).items()} == RULES


@pytest.mark.parametrize("name", CLAIMING)
def test_tier_when_claimed_then_earned(name: str) -> None:
    quality = load_quality(BROKERS / name)
    assert quality.tier == earned(quality)


@pytest.mark.parametrize("name", CLAIMING)
def test_rule_when_done_then_its_test_runs_this_broker_and_else_it_says_why(name: str) -> None:
    for rule in claim(name).values():
        if rule.status != "done":
            assert len(rule.comment) > 8, f"{rule.name} says nothing"
            continue
        proof = ROOT / rule.proved_by
        assert proof.is_file(), f"{rule.name}: {rule.proved_by} is not there"
        if rule.proved_by.startswith("tests/contract/"):
            assert name in HARNESSES, f"{rule.name}: the contract suite does not run over {name}"
        elif rule.proved_by.startswith("tests/fuzz/"):
            assert name in SEEDS or name in FOLDERS, f"{rule.name}: {name} is not fuzzed"


@pytest.mark.parametrize("name", PARSING)
def test_manifest_when_calls_are_named_then_they_are_the_parsers(name: str) -> None:
    module = importlib.import_module(f"server.brokers.{name}.parse")
    assert sorted(load_manifest(BROKERS / name).calls) == sorted(module.PARSERS)
    assert set(module.PARSERS) <= set(CALLS)
    assert callable(module.decode_stream) and callable(module.decode_orders)


def test_template_when_copied_then_it_claims_nothing_yet() -> None:
    assert load_quality(BROKERS / "_template").tier == "none"
    assert "_template" not in {folder.name for folder in folders()}


def test_readme_when_brokers_changed_then_its_table_was_made_anew() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert START in text
    assert put(text) == text, "run: python -m server.brokers.kit.table --write"
