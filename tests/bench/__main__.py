"""`make bench`: run every bench (or those named) one after the other, and print their tables.

Each `bench_*.py` and `fidelity.py` has a `main()` that prints a markdown table. With `--write` what each printed takes
the place of its own block in RESULTS.md, between two marks, with machine and date; text outside the marks stays.
Benches that need peers or real files say in one line what they left out.
"""

import os
import platform
import subprocess
import sys
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"


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


def main(arguments: list[str]) -> int:
    """Run benches whose file name contains one of the names given (all when there are none); returns how many
    failed. A bench that fails leaves RESULTS.md as it was."""
    write = "--write" in arguments
    names = [one for one in arguments if not one.startswith("--")]
    found = sorted([*HERE.glob("bench_*.py"), *HERE.glob("fidelity.py")])
    chosen = [p for p in found if not names or any(n in p.stem for n in names)]
    print(machine(), flush=True)
    failed = 0
    for path in chosen:
        print(f"\n## {path.stem}\n", flush=True)
        code, said = run(path.stem)
        failed += code != 0
        if code == 0 and write:
            RESULTS.write_text(noted(RESULTS.read_text(), path.stem, said))
    return failed


def run(name: str) -> tuple[int, str]:
    """(exit code, what it printed), shown line by line as it comes."""
    lines = []
    with subprocess.Popen(
        [sys.executable, "-m", f"tests.bench.{name}"], cwd=HERE.parents[1], stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    return process.returncode, "".join(lines)


def noted(results: str, name: str, said: str) -> str:
    """RESULTS.md with a bench's block set to what it said; a new one is put at the end."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    block = f"{begin}\n\n{machine()}, {datetime.now().astimezone():%d %b %Y}\n\n{said.strip()}\n\n{end}"
    head, mark, rest = results.partition(begin)
    if not mark:
        return f"{results.rstrip()}\n\n## {name}\n\n{block}\n"
    return head + block + rest.partition(end)[2]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
