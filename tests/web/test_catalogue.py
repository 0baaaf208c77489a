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


def test_refusals_in_hindi_then_of_codes_the_server_has_and_every_risk_check_is_among_them(
    module_stage: Callable[..., Page],
) -> None:
    call: Call = caller(module_stage("blank.html"))
    refusals = call("format/locale/hi-refusals.js", "return m.refusals")
    server = WEB.parent / "server"
    said = "\n".join(p.read_text(encoding="utf-8") for p in sorted(server.rglob("*.py")))
    assert [code for code in refusals if f'"{code}"' not in said] == []
    checks = "\n".join(p.read_text(encoding="utf-8") for p in sorted((server / "risk" / "checks").glob("*.py")))
    assert set(re.findall(r'code="([a-z_.]+)"', checks)) - set(refusals) == set()
    assert {blank for text in refusals.values() for blank in BLANK.findall(text)} <= {"value", "limit", "headroom"}


def test_refusal_when_hindi_then_its_figures_stand_in_the_sentence(module_stage: Callable[..., Page]) -> None:
    call: Call = caller(module_stage("blank.html"))
    problem = "{ code: 'order.lot', detail: 'Not sent: 100', value: '100', limit: '65' }"
    said = call(
        "format/i18n.js",
        f"const before = m.refusal({problem}); await m.setLanguage('hi'); const after = m.refusal({problem}); "
        "await m.setLanguage('en'); return [before, after]",
    )
    assert said[0] == "", "English is the server's own"
    assert "100" in said[1]
    assert "65" in said[1]
    assert "{" not in said[1]
