"""What the documents say is so: commands, settings, files, protocol words."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from server.app.settings import Settings
from server.domain.events import Event
from server.main import _parser

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROTOCOL = (ROOT / "web" / "docs" / "stream.html").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Commands of the `sauda` program."""
    action = next(a for a in _parser()._actions if hasattr(a, "choices") and a.choices)
    assert action.choices is not None
    return list(action.choices)


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme_and_explains_itself(command: str) -> None:
    assert f"sauda {command}" in README
    done = subprocess.run(
        [sys.executable, "-m", "server.main", command, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_make_targets_in_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make (\w+)", README)) - {"everything"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_files_the_readme_links_to_exist() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link
    for path in re.findall(r"`((?:server|web|config|tests)/[\w./]+)`", README):
        assert (ROOT / path).exists(), path


def test_every_setting_is_in_the_defaults_file() -> None:
    text = (ROOT / "config" / "defaults.toml").read_text(encoding="utf-8")
    for table in msgspec.structs.fields(Settings):
        section = text.split(f"[{table.name}]")[1].split("\n[")[0]
        for field in msgspec.structs.fields(table.type):
            assert re.search(rf"^{field.name} = ", section, re.MULTILINE), f"{table.name}.{field.name}"


def test_every_event_topic_is_in_the_stream_page() -> None:
    for kind in Event.__subclasses__():
        topic = kind.__struct_config__.tag
        assert isinstance(topic, str)
        assert re.search(rf"\b{topic}\b", PROTOCOL), topic


@pytest.mark.parametrize(
    "word",
    [
        "hello",
        "watch",
        "depth",
        "bars",
        "rate",
        "ping",
        "welcome",
        "map",
        "event",
        "beat",
        "pong",
        "resync",
        "problem",
        "4400",
        "4408",
        "1001",
    ],
)
def test_every_message_is_in_the_stream_page(word: str) -> None:
    assert re.search(rf"\b{word}\b", PROTOCOL), word


def test_no_host_of_a_registry_in_the_requirements() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert "--hash=sha256:" in text


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(p.name[:4]) for p in (ROOT / "server" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
