"""The shell as it is shipped: first load within its budget, nothing preloaded in vain, every icon and file there."""

import gzip
import json
import posixpath
import re
import struct
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "web"
STATIC = re.compile(
    r"""^\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]""", re.MULTILINE
)
FIRST = ("app/main.js", "views/dashboard/index.js")
CHARTS = ("views/charts/index.js", "views/dock/index.js")
BUDGET = 150_000


def closure(*starts: str) -> set[str]:
    """Modules that are loaded with these."""
    seen: set[str] = set()
    todo = list(starts)
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for one, other in STATIC.findall((WEB / path).read_text(encoding="utf-8")):
            todo.append(posixpath.normpath(posixpath.join(posixpath.dirname(path), one or other)))
    return seen


def shell() -> str:
    return (WEB / "index.html").read_text(encoding="utf-8")


def packed(paths: set[str]) -> int:
    return sum(len(gzip.compress((WEB / p).read_bytes(), 9)) for p in paths)


def linked() -> set[str]:
    """Files that index.html itself asks for, without the modules."""
    found = re.findall(r'(?:href|src)="/([^"]+)"', shell())
    return {path for path in found if not path.endswith(".js") or path == "app/theme.js"}


def test_preloads_when_listed_then_exactly_the_first_screen() -> None:
    listed = re.findall(r'rel="modulepreload" href="/([^"]+)"', shell())
    assert sorted(listed) == sorted(closure(*FIRST) - {"app/main.js"})


def test_first_load_when_packed_then_within_150_kb() -> None:
    assert packed(closure(*FIRST) | linked() | {"index.html", "icons/sprite.svg"}) <= BUDGET


def test_files_when_linked_then_there() -> None:
    assert [path for path in linked() if not (WEB / path).is_file()] == []


def test_icons_when_named_then_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (WEB / "icons/sprite.svg").read_text(encoding="utf-8")))
    named: set[str] = set()
    for path in WEB.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"\bicon\('([a-z]+)'", text)) | set(re.findall(r"\bicon: '([a-z]+)'", text))
    assert named - sprite == set()


def test_manifest_when_read_then_installable_with_icons_of_their_size() -> None:
    manifest = json.loads((WEB / "manifest.webmanifest").read_text(encoding="utf-8"))
    assert {"name", "short_name", "id", "start_url", "scope", "display", "icons"} <= set(manifest)
    assert any(icon.get("purpose") == "maskable" for icon in manifest["icons"])
    for icon in manifest["icons"]:
        width, height = struct.unpack(">II", (WEB / icon["src"].lstrip("/")).read_bytes()[16:24])
        assert icon["sizes"] == f"{width}x{height}"


def test_worker_when_it_lists_what_it_never_keeps_then_prices_and_orders_are_there() -> None:
    text = (WEB / "sw.js").read_text(encoding="utf-8")
    never = re.search(r"NEVER = \[([^\]]+)\]", text)
    assert never is not None
    assert {"'/api/'", "'/stream'", "'/ws'"} <= {part.strip() for part in never[1].split(",")}


def test_styles_when_read_then_colours_stand_in_the_tokens_only() -> None:
    colour = re.compile(r"#[0-9a-fA-F]{3,8}\b")
    for path in sorted(WEB.rglob("*.css")):
        if path.name != "tokens.css" and "docs" not in path.parts:
            assert colour.findall(path.read_text(encoding="utf-8")) == [], path
