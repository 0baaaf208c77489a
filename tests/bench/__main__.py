"""`make bench`: run every bench (or those named) one after the other, and print their tables.

Each `bench_*.py` and `fidelity.py` has a `main()` that prints a markdown table; RESULTS.md keeps what was printed, with
machine and date. Benches that need peers or real files say in one line what they left out.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def machine() -> str:
    """One line about where this runs."""
    model = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        model = next(
            (s.split(":")[1].strip() for s in info.read_text().splitlines() if s.startswith("model name")), model
        )
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    system = f"{platform.system()} {platform.release()}"
    return f"{os.cpu_count()} x {model}, {system}, Python {platform.python_version()}, load {load}"


def main(names: list[str]) -> int:
    """Run benches whose file name contains one of `names` (all when empty); returns how many failed."""
    found = sorted([*HERE.glob("bench_*.py"), *HERE.glob("fidelity.py")])
    chosen = [p for p in found if not names or any(n in p.stem for n in names)]
    print(machine(), flush=True)
    failed = 0
    for path in chosen:
        print(f"\n## {path.stem}\n", flush=True)
        failed += (
            subprocess.run(
                [sys.executable, "-m", f"tests.bench.{path.stem}"], cwd=HERE.parents[1], check=False
            ).returncode
            != 0
        )
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
