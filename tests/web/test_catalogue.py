"""All texts in one catalogue a language: same keys, same blanks, none missing, none unused."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.web.modules import Call, caller

WEB = Path(__file__).resolve().parents[2] / "web"
LITERAL = re.compile(r"\btn?\(\s*'([^']+)'")
CHOICE = re.compile(r"\btn?\([^'`()]*\?\s*'([^']+)'\s*:\s*'([^']+)'")
TEMPLATE = re.compile(r"\bt\(`([^`]+)`")
BLANK = re.compile(r"\{(\w+)\}")


@pytest.fixture(scope="module")
def texts(module_stage: Callable[..., Page]) -> Iterator[dict[str, dict[str, str]]]:
    call: Call = caller(module_stage("blank.html"))
    yield {name: call(f"format/locale/{name}.js", "return m.texts") for name in ("en", "hi")}


def code() -> str:
    """All scripts but the catalogues, in one text."""
    files = (p for p in sorted(WEB.rglob("*.js")) if p.parent.name != "locale")
    return "\n".join(p.read_text(encoding="utf-8") for p in files)


def test_hindi_when_compared_then_has_every_text(texts: dict[str, dict[str, str]]) -> None:
    assert set(texts["hi"]) == set(texts["en"])
    assert all(texts["hi"].values())


def test_texts_when_they_have_blanks_then_the_same_in_both(texts: dict[str, dict[str, str]]) -> None:
    for key, english in texts["en"].items():
        assert set(BLANK.findall(texts["hi"][key])) == set(BLANK.findall(english)), key


def test_keys_when_named_in_code_then_in_the_catalogue(texts: dict[str, dict[str, str]]) -> None:
    text = code()
    named = set(LITERAL.findall(text)) | {key for pair in CHOICE.findall(text) for key in pair}
    assert named - set(texts["en"]) == set()


def test_keys_when_in_the_catalogue_then_used(texts: dict[str, dict[str, str]]) -> None:
    text = code()
    shapes = [re.compile(re.sub(r"\\\$\\\{.*?\\\}", ".+", re.escape(t))) for t in TEMPLATE.findall(text)]
    built = [
        re.compile(re.sub(r"\\\$\\\{.*?\\\}", ".+", re.escape(t)))
        for t in re.findall(r"= `([a-zA-Z]+\.\$\{[^`]+)`", text)
    ]
    unused = [
        key for key in texts["en"] if f"'{key}'" not in text and not any(s.fullmatch(key) for s in shapes + built)
    ]
    assert unused == []


@pytest.mark.parametrize("word", ["Oops", "Sorry", "!", "NaN", "undefined"])
def test_texts_when_read_then_calm(texts: dict[str, dict[str, str]], word: str) -> None:
    assert [key for key, text in texts["en"].items() if word in text] == []
