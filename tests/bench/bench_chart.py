"""The canvas chart against lightweight-charts in the shared harness, in one run: the chart row of the bench table.

The harness, its made-up bars and the peer's adapter are read from `../shared/bench/chart`; only our own adapter lives
here. lightweight-charts comes from npm into a temporary folder where npm is there; without it our own row is still
measured. Each cell is the median of the repetitions.
Goals: first paint <= 100 ms; update and paint <= 2 ms; gesture script p95 < 4 ms; heap < 10 MB per 100,000 bars.
"""

import argparse
import functools
import http.server
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser import FLAGS, chromium_path

ROOT = Path(__file__).resolve().parents[2]
ADAPTERS = Path(__file__).parent / "chart" / "adapters"
PEER = "lightweight-charts@5"
COLUMNS = {
    "first paint ms": "{load:.0f}",
    "update + paint p50/p95 ms": "{paint50:.2f} / {paint95:.2f}",
    "update us": "{update_us:.1f}",
    "300 bars p50/p95 ms": "{near50:.2f} / {near95:.2f}",
    "all bars p50/p95 ms": "{far50:.2f} / {far95:.2f}",
    "bars then in view": "{far_bars:,.0f}",
    "rAF p95 ms": "{far_raf:.1f}",
    "heap MB": "{heap:.1f}",
}
"""Heading and cell; the gesture columns are script time a frame."""


class Files(http.server.SimpleHTTPRequestHandler):
    """A folder over loopback, modules with the type browsers demand, and isolated so that its clock is fine."""

    extensions_map = {  # noqa: RUF012 - the base class has it so
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
    }

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keep the table clean."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The folder at a loopback address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def fetch_peer(into: Path) -> bool:
    """Put the peer's module where its adapter looks for it; False when npm or the registry is not there."""
    npm = shutil.which("npm")
    if npm is None:
        return False
    work = into / "npm"
    work.mkdir()
    done = subprocess.run(
        [npm, "install", "--prefix", str(work), "--no-audit", "--no-fund", "--silent", PEER],
        cwd=work,
        capture_output=True,
        check=False,
    )
    module = work / "node_modules" / "lightweight-charts" / "dist" / "lightweight-charts.standalone.production.mjs"
    if done.returncode != 0 or not module.is_file():
        return False
    shutil.copy(module, into / "vendor" / "lwc.mjs")
    return True


def heap(cdp: Any) -> float:
    """MB of JavaScript heap and array buffers after a collection."""
    for _ in range(2):
        cdp.send("HeapProfiler.collectGarbage")
    usage = cdp.send("Runtime.getHeapUsage")
    return float(usage["usedSize"] + usage.get("backingStorageSize", 0)) / 1e6


def measure(browser: Any, base: str, library: str, bars: int, ratio: float) -> dict[str, float]:
    """One chart, one size, once."""
    context = browser.new_context(viewport={"width": 1220, "height": 720}, device_scale_factor=ratio)
    page = context.new_page()
    page.set_default_timeout(180_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{base}/bench.html")
    page.wait_for_function("window.ready")
    cdp = context.new_cdp_session(page)
    before = heap(cdp)
    page.evaluate("name => B.init(name)", library)
    page.evaluate("n => B.gen(n)", bars)
    load = page.evaluate("n => B.load(n)", bars)
    used = heap(cdp) - before
    page.evaluate("B.show(300)")
    near = page.evaluate('B.gesture(3000, "mix")')
    page.evaluate("B.show(300)")
    loop = page.evaluate("B.updLoop(1000)")
    frames = page.evaluate("B.updFrames(120)")
    far_view = page.evaluate("n => B.show(n)", bars)
    far = page.evaluate('B.gesture(3000, "mix")')
    context.close()
    assert not errors, errors
    return {
        "load": load["loadPaintMs"],
        "near50": near["script"]["p50"],
        "near95": near["script"]["p95"],
        "far50": far["script"]["p50"],
        "far95": far["script"]["p95"],
        "far_raf": far["frame"]["p95"],
        "far_bars": far_view["visible"],
        "update_us": loop["usEach"],
        "paint50": frames["script"]["p50"],
        "paint95": frames["script"]["p95"],
        "heap": used,
    }


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--sizes", default="100000")
    options.add_argument("--reps", type=int, default=3)
    options.add_argument("--ratio", type=float, default=1)
    given = options.parse_args()
    harness = Path(os.environ.get("SAUDA_SHARED", ROOT.parent / "shared")) / "bench" / "chart"
    if not harness.is_dir():
        print("not run: ../shared/bench/chart is absent")
        return
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary) / "site"
        place.mkdir()
        for name in ("bench.html", "harness.js"):
            shutil.copy(harness / name, place / name)
        shutil.copytree(harness / "adapters", place / "adapters")
        for adapter in ADAPTERS.glob("*.js"):
            shutil.copy(adapter, place / "adapters" / adapter.name)
        (place / "vendor").mkdir()
        (place / "vendor" / "uPlot.min.css").write_text("")
        (place / "web").symlink_to(ROOT / "web")
        libraries = ["sauda", "lwc"] if fetch_peer(place) else ["sauda"]
        run(place, libraries, [int(size) for size in given.sizes.split(",")], given.reps, given.ratio)
        if "lwc" not in libraries:
            print("\nlightweight-charts: not run, npm could not bring it")


def run(place: Path, libraries: list[str], sizes: list[int], repetitions: int, ratio: float) -> None:
    """All libraries and sizes, interleaved so that both meet the same machine."""
    print("| " + " | ".join(("chart", "bars", *COLUMNS)) + " |")
    print("|---" * (len(COLUMNS) + 2) + "|")
    with serve(place) as base, sync_playwright() as playwright:
        for size in sizes:
            taken: dict[str, list[dict[str, float]]] = {name: [] for name in libraries}
            for _ in range(repetitions):
                for name in libraries:
                    browser = playwright.chromium.launch(
                        executable_path=chromium_path(), args=[*FLAGS, "--js-flags=--expose-gc"]
                    )
                    taken[name].append(measure(browser, base, name, size, ratio))
                    browser.close()
            for name in libraries:
                m = {key: statistics.median(one[key] for one in taken[name]) for key in taken[name][0]}
                cells = [cell.format(**m) for cell in COLUMNS.values()]
                print("| " + " | ".join((name, f"{size:,}", *cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
