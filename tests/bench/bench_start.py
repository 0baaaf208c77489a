"""A start: seconds and CPU to the first 200, memory with the market running, seconds of a stop. Issue 2, part 1.

The second start on a folder is what counts: the first one draws the market's history as well.
"""

import tempfile
import time
from pathlib import Path

import psutil

from tests.process import Sauda

STARTS = 5
IDLE = 30.0


def main() -> None:
    """Print the rows."""
    print("| start | first 200, s | CPU to it, s | RSS after 30 s, MB | stop, s |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, STARTS + 1):
            began = time.perf_counter()
            server = Sauda(Path(folder) / "data").start()
            took = time.perf_counter() - began
            assert server.process is not None
            process = psutil.Process(server.process.pid)
            used = sum(process.cpu_times()[:2])
            time.sleep(IDLE if number in (1, STARTS) else 3.0)
            memory = process.memory_info().rss / 1e6
            began = time.perf_counter()
            server.stop()
            stopped = time.perf_counter() - began
            print(f"| {number} | {took:.2f} | {used:.2f} | {memory:.0f} | {stopped:.2f} |", flush=True)


if __name__ == "__main__":
    main()
