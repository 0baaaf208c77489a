"""The table of brokers in README.md, made of manifests and qualities: `python -m server.brokers.kit.table --write`."""

import argparse
from pathlib import Path

from server.brokers.kit.manifest import Manifest, load_manifest
from server.brokers.kit.quality import load_quality, missing

__all__ = ("START", "STOP", "folders", "put", "table")

START, STOP = "<!-- brokers: made by python -m server.brokers.kit.table --write -->", "<!-- /brokers -->"
_FOLDER = Path(__file__).resolve().parents[1]
_HEAD = "| broker | tier | trades | orders | prices | history | our id there | why not higher |"


def folders() -> list[Path]:
    """Brokers that have been judged, best known first; the paper broker is not one of them."""
    found = [path.parent for path in _FOLDER.glob("*/quality.toml") if path.parent.name not in ("paper", "_template")]
    return sorted(found, key=lambda folder: (load_manifest(folder).country != "IN", folder.name))


def table() -> str:
    """Markdown, without the marks around it."""
    return "\n".join([_HEAD, "|" + "---|" * (_HEAD.count("|") - 1), *(_row(folder) for folder in folders())])


def _row(folder: Path) -> str:
    facts, quality = load_manifest(folder), load_quality(folder)
    why = "; ".join(f"{rule.name}: {rule.comment}" for rule in missing(quality)) or "-"
    orders = f"{', '.join(facts.types)} ({', '.join(facts.validities)})"
    history = f"{facts.history[0]} to {facts.history[-1]}" if facts.history else "none"
    cells = (facts.title, quality.tier, ", ".join(facts.segments), orders, _prices(facts), history, _id(facts), why)
    return "| " + " | ".join(cells) + " |"


def _prices(facts: Manifest) -> str:
    if facts.stream is None:
        return "by request"
    stream = facts.stream
    depth = f", {stream.depth} levels" if stream.depth else ""
    return f"stream, {stream.sockets} x {stream.per_socket:,}{depth}"


def _id(facts: Manifest) -> str:
    return {"unique": "unique", "tag": "as a tag", "none": "not kept"}[facts.client_id]


def put(text: str) -> str:
    """README's text with the table between its marks made anew."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(STOP)
    return f"{before}{START}\n{table()}\n{STOP}{after}"


def main() -> None:
    """Print the table, or write it into README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into README.md")
    if not parser.parse_args().write:
        print(table())
        return
    readme = _FOLDER.parents[1] / "README.md"
    readme.write_text(put(readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
