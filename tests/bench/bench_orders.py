"""Paper orders over HTTP, durable, latency 0: the table of issue §7, first two rows.

A real server process and this one as its client. Each order is a MARKET order in a liquid share; the clock stops when
the acknowledgement, which follows the durable commit, has been read whole.

The client shares the two cores with the server, so it is a cheap one: plain keep-alive sockets and requests put
together as bytes (some 0.03 ms an order; the one before, aiohttp, cost about as much as the order itself). It reads
each answer whole and looks at status and order state. Processor time is the server's, all threads, less what it uses
when nobody trades.
"""

import selectors
import socket
import tempfile
import time
from pathlib import Path

import msgspec
import psutil

from tests.process import Sauda, eventually, open_market

SECONDS = 8.0
LIMITS = {"orders_per_second": 100_000, "open_orders": 10_000, "day_loss": 10_000_000}
_BODY = (
    '{{"account":"paper-sim","key":"NSE:RELIANCE","quantity":1,"type":"MARKET","product":"MIS",'
    '"side":"{side}","request_id":"{name}"}}'
)
_CALM = 0.10
"""Of a core: below it the start is over and history is drawn."""


class Client:
    """One connection that buys and sells in turn, each order after the answer to the last."""

    def __init__(self, port: int, name: str) -> None:
        self._name = name
        self._head = (
            f"POST /api/v1/orders HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
            "content-length: "
        )
        self._number = 0
        self._sent = 0.0
        self._got = b""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self) -> None:
        """The next order."""
        self._number += 1
        side = "BUY" if self._number % 2 else "SELL"
        body = _BODY.format(side=side, name=f"{self._name}-{self._number}")
        request = f"{self._head}{len(body)}\r\n\r\n{body}".encode()
        self._sent = time.perf_counter()
        self.socket.sendall(request)

    def take(self) -> float | None:
        """Seconds since the order was sent, once its answer is whole; raises when it is not an order filled."""
        more = self.socket.recv(65_536)
        self._got += more
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not more or not end:
            if not more:
                raise RuntimeError("the server hung up")
            return None
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) < length:
            return None
        took = time.perf_counter() - self._sent
        state = body.partition(b'"state":"')[2].partition(b'"')[0]
        if not head.startswith(b"HTTP/1.1 201") or state not in (b"FILLED", b"PARTIAL", b"OPEN"):
            raise RuntimeError(self._got.decode())
        self._got = b""
        return took


def measure(port: int, clients: int, seconds: float) -> tuple[list[float], float]:
    """(seconds of each order, sorted; seconds in all) of clients at work at once."""
    took: list[float] = []
    began = time.perf_counter()
    with selectors.DefaultSelector() as ready:
        for number in range(clients):
            client = Client(port, f"{clients}c{number}-{began:.3f}")
            ready.register(client.socket, selectors.EVENT_READ, client)
            client.send()
        while ready.get_map():
            for key, _ in ready.select():
                client = key.data
                if (one := client.take()) is None:
                    continue
                took.append(one)
                if time.perf_counter() - began < seconds:
                    client.send()
                else:
                    ready.unregister(client.socket)
                    client.socket.close()
    return sorted(took), time.perf_counter() - began


def used(process: psutil.Process) -> float:
    """Processor seconds so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def calm(process: psutil.Process) -> float:
    """Wait until the start is over; returns the share of a core that is used when nobody trades."""
    eventually(lambda: process.cpu_percent(interval=1.0) < 100 * _CALM, 120)
    before = used(process)
    time.sleep(3.0)  # a real process at rest: there is nothing to wait on
    return (used(process) - before) / 3.0


def main() -> None:
    """Print the rows."""
    with tempfile.TemporaryDirectory() as folder:
        server = Sauda(Path(folder) / "data", paper__latency_ms=0).start()
        try:
            open_market(server)
            status, answer = server.request("PUT", "/api/v1/risk/limits", {"account": "paper-sim", "limits": LIMITS})
            assert status == 200, answer
            assert server.process is not None
            process = psutil.Process(server.process.pid)
            idle = calm(process)
            measure(server.port, 16, 1.0)  # warm
            print("| clients | p50 ms | p99 ms | orders/s | n | server, CPU ms an order | client, CPU ms an order |")
            print("|---|---|---|---|---|---|---|")
            for clients in (1, 16):
                before, own = used(process), time.process_time()
                took, wall = measure(server.port, clients, SECONDS)
                own, count = time.process_time() - own, len(took)
                spent = used(process) - before - idle * wall
                p50, p99 = took[count // 2] * 1e3, took[int(count * 0.99)] * 1e3
                print(
                    f"| {clients} | {p50:.2f} | {p99:.1f} | {count / wall:,.0f} | {count:,} "
                    f"| {spent / count * 1e3:.2f} | {own / count * 1e3:.2f} |",
                    flush=True,
                )
            status, found = server.get("/api/v1/system")
            commit = found["latency"]["commit"] if status == 200 and "latency" in found else None
            if commit:
                print(f"\nCommits of the last 2,000: {msgspec.json.encode(commit).decode()}.")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
