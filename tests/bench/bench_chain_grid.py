"""The option chain's canvas grid: main-thread time of a frame at ten bursts a second, beside a DOM table.

61 strikes by 15 columns, all in view (915 cells), with the page's own cell texts. Task time is what DevTools counts
for the renderer's main thread (`Performance.getMetrics`, TaskDuration): style, layout, paint and raster hand-over.
Goal: 915 changed cells at 10 Hz in <= 6 ms a frame, and a burst on screen within 100 ms.
"""

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.bench.bench_chart import ROOT, serve
from tests.browser import FLAGS, chromium_path

STAGE = Path(__file__).parent / "grid"
HEADS = (
    "cells",
    "changed",
    "drawn by",
    "main thread ms a frame",
    "script p50/p95/max ms a drawn frame",
    "burst on screen p50/p95 ms",
)


def task_seconds(session: Any) -> float:
    """Main-thread seconds so far."""
    found = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in found if one["name"] == "TaskDuration")


SCRIPT = """() => { const times = (window.times = []); const old = window.requestAnimationFrame;
  window.requestAnimationFrame = (call) => old.call(window, (now) => { const t = performance.now(); call(now);
    const d = performance.now() - t; if (d > 0.05) times.push(d); }); }"""


def measure(page: Any, session: Any, way: str, count: int, bursts: int) -> dict[str, float]:
    """One way of drawing, one number of changed cells."""
    page.evaluate(f"B.{way}()")
    page.wait_for_timeout(300)
    page.evaluate("() => B.run(915, 5, 100)")
    page.evaluate("() => { window.times.length = 0; }")
    before = task_seconds(session)
    ran = page.evaluate("([count, bursts]) => B.run(count, bursts, 100)", [count, bursts])
    spent = task_seconds(session) - before
    times = sorted(page.evaluate("window.times"))
    return {
        "frame": spent * 1000 / ran["frames"],
        "p50": times[len(times) // 2],
        "p95": times[int(len(times) * 0.95)],
        "max": times[-1],
        "whole50": ran["whole50"],
        "whole95": ran["whole95"],
    }


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--bursts", type=int, default=50)
    options.add_argument("--reps", type=int, default=3)
    options.add_argument("--ratio", type=float, default=1)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        for name in ("index.html", "bench.js", "bench.css"):
            shutil.copy(STAGE / name, place / name)
        (place / "web").symlink_to(ROOT / "web")
        print("| " + " | ".join(HEADS) + " |")
        print("|---" * len(HEADS) + "|")
        with serve(place) as base, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
            context = browser.new_context(
                viewport={"width": 1220, "height": 1110}, device_scale_factor=given.ratio, color_scheme="light"
            )
            page = context.new_page()
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.add_init_script(f"({SCRIPT})()")
            page.goto(f"{base}/index.html")
            page.wait_for_function("window.ready")
            session = context.new_cdp_session(page)
            session.send("Performance.enable")
            for count in (50, 300, 915):
                taken: dict[str, list[dict[str, float]]] = {"canvas": [], "table": []}
                for _ in range(given.reps):
                    for way in taken:
                        taken[way].append(measure(page, session, way, count, given.bursts))
                for way, all_ in taken.items():
                    m = {key: statistics.median(one[key] for one in all_) for key in all_[0]}
                    print(
                        f"| 915 | {count} | {way} | {m['frame']:.2f} | {m['p50']:.2f} / {m['p95']:.2f} / {m['max']:.2f}"
                        f" | {m['whole50']:.0f} / {m['whole95']:.0f} |",
                        flush=True,
                    )
            browser.close()
            assert not errors, errors


if __name__ == "__main__":
    main()
