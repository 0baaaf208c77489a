"""Imports in `web/` go down only: app -> views -> {widgets, payoff, chart, gestures, store} -> format (DESIGN §1)."""

import posixpath
import re
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parents[2] / "web"
IMPORT = re.compile(
    r"""(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]"""
)

MAY = {
    "app": {"app", "views", "widgets", "chart", "payoff", "gestures", "store", "transport", "format"},
    "views": {"views", "widgets", "chart", "payoff", "gestures", "store", "format"},
    "widgets": {"widgets", "gestures", "store", "chart", "format"},
    "chart": {"chart", "gestures", "format"},
    "payoff": {"payoff", "chart", "gestures", "format"},
    "gestures": {"gestures"},
    "store": {"store", "format"},
    "transport": {"transport", "format"},
    "format": {"format"},
}
RENDER = {"chart/render", "payoff/render", "format"}


def scripts() -> list[Path]:
    return sorted(p for p in WEB.rglob("*.js") if p.name != "sw.js")


def targets(path: Path) -> list[str]:
    """Paths below web/ that a module imports."""
    here = path.relative_to(WEB).parent.as_posix()
    out = []
    for groups in IMPORT.findall(path.read_text(encoding="utf-8")):
        name = next(g for g in groups if g)
        out.append(name.lstrip("/") if name.startswith("/") else posixpath.normpath(posixpath.join(here, name)))
    return out


@pytest.mark.parametrize("path", scripts(), ids=lambda p: p.relative_to(WEB).as_posix())
def test_imports_go_down_only(path: Path) -> None:
    relative = path.relative_to(WEB).as_posix()
    layer = relative.split("/")[0]
    assert layer in MAY, f"web/{relative} is in no layer"
    for target in targets(path):
        assert (WEB / target).is_file(), f"web/{relative} imports {target}, which is not there"
        assert target.split("/")[0] in MAY[layer], f"web/{relative} may not import {target}"
        if relative.startswith(("chart/render/", "payoff/render/")):
            assert any(target.startswith(ok) for ok in RENDER), f"web/{relative} may not import {target}"
        if layer == "views" and target.startswith("views/"):
            # context.js says what a page is given; shared/ holds what several pages say and show
            near = {relative.split("/")[1], "shared", "context.js"}
            assert target.split("/")[1] in near, f"web/{relative} reaches into another page: {target}"


def test_no_inline_script_or_style() -> None:
    for page in WEB.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son\w+=", text), page
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), page


def test_no_html_is_built_from_text() -> None:
    for path in sorted(WEB.rglob("*.js")):
        assert not re.search(
            r"\.(inner|outer)HTML\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function\(",
            path.read_text(encoding="utf-8"),
        ), path
