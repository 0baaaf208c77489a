"""Imports in `server/` go down only (DESIGN §1); undefended layers decay."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "server"

FLOOR = ("core", "domain", "rulebook")
ENGINES = ("orders", "risk", "ledger", "matching", "market", "options", "analytics", "audit", "auth")
ABOVE = ("strategies",)
"""Things that use the engines."""
ADAPTERS = ("brokers", "feeds", "storage")

SIBLINGS = {
    ("orders", "risk"),
    ("orders", "market"),
    ("orders", "ledger"),
    ("risk", "ledger"),
    ("risk", "market"),
    ("risk", "options"),
    ("matching", "market"),
    ("analytics", "market"),
    ("analytics", "options"),
    ("domain", "core"),
    ("rulebook", "core"),
    ("rulebook", "domain"),
}
"""Arrows inside a layer that DESIGN lists, and those of the floor."""

ADAPTER_EXTRAS = {
    ("brokers.paper", "matching"),
    ("feeds.simulator", "options"),
    ("storage", "audit"),
}
"""Pure code an adapter may use besides ports: each has its reason in server/decisions."""

PORTS = ("market.ports", "market.table", "orders.ports", "matching.ports", "ledger.ports", "risk.ports")


def modules() -> list[Path]:
    """All Python files of the server."""
    return sorted(p for p in SERVER.rglob("*.py") if "_bundle" not in p.parts)


def imports(path: Path) -> set[str]:
    """Dotted names under `server.` that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            pytest.fail(f"{path}: relative import")
    return {name.removeprefix("server.") for name in found if name.startswith("server.")}


def allowed(source: str, target: str) -> bool:
    """Whether a module (dotted, under server) may import another."""
    here, there = source.split(".")[0], target.split(".")[0]
    if target == "__version__" or (here == there and here not in ("brokers", "feeds")):
        return True
    if here in ("main", "app"):
        return True
    if here == "api":
        return there in (*FLOOR, *ENGINES, *ABOVE) or target.startswith(PORTS)
    if here in FLOOR:
        return (here, there) in SIBLINGS
    if here in ABOVE:
        return there in (*FLOOR, *ENGINES)
    if here in ENGINES:
        return there in FLOOR or (here, there) in SIBLINGS
    if here in ADAPTERS:
        if there in FLOOR or target.startswith(PORTS):
            return True
        if here == there:
            return source.split(".")[:2] == target.split(".")[:2] or target.startswith(("brokers.noren", "brokers.kit"))
        return any(source.startswith(s) and there == t for s, t in ADAPTER_EXTRAS)
    return False


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(SERVER).as_posix())
def test_imports_go_down_only(path: Path) -> None:
    source = ".".join(path.relative_to(SERVER).with_suffix("").parts)
    wrong = sorted(t for t in imports(path) if not allowed(source, t))
    assert not wrong, f"server/{path.relative_to(SERVER)} may not import {wrong}"


def test_only_the_clock_reads_the_wall_clock() -> None:
    banned = ("datetime.now(", "datetime.utcnow(", "time.time(", "time.monotonic(", "time.sleep(", "date.today(")
    wrong = [
        f"{p.relative_to(ROOT)}: {b}"
        for p in modules()
        if p != SERVER / "core" / "clock.py"
        for b in banned
        if b in p.read_text(encoding="utf-8")
    ]
    assert not wrong, wrong


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(p.relative_to(ROOT))
        for p in modules()
        if p.name != "__init__.py" and not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))
    ]
    assert not silent, silent


def test_long_files_justify_themselves() -> None:
    tracked = [
        *modules(),
        *(ROOT / "web").rglob("*.js"),
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "e2e").rglob("*.py"),
    ]
    long = []
    for path in tracked:
        text = path.read_text(encoding="utf-8")
        data = "locale" in path.parts  # a language catalogue is data, one file a language
        if text.count("\n") > 500 and not data and "500 lines" not in text[:1500]:
            long.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))}")
    assert not long, long
