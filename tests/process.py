"""A real Sauda process on a free loopback port with a data folder of its own: for e2e, fault and bench."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ("Sauda", "eventually", "free_port", "open_market")

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


PATIENCE = 240.0 if os.environ.get("SAUDA_LONG") else 60.0
"""Seconds a start or stop may take here. The long runs share their machine with other work; what a start takes on a
quiet one is measured by a bench."""


class Sauda:
    """Start, ask, kill and start again."""

    def __init__(self, data: Path, port: int | None = None, **settings: object) -> None:
        self.data = data
        self.port = port or free_port()
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, within: float = PATIENCE) -> "Sauda":
        """Start and wait until /ready says yes."""
        self.data.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "server.main",
            "run",
            "--data",
            str(self.data),
            "--port",
            str(self.port),
            "--no-open",
        ]
        for name, value in self.settings.items():
            command += ["--set", f"{name.replace('__', '.')}={json.dumps(value)}"]
        log = (self.data / "process.log").open("ab")
        environment = {**os.environ, "PYTHONWARNINGS": "error"}
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=environment)
        log.close()
        end = time.monotonic() + within
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                if self.get("/ready", timeout=2)[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.02)  # polling a real process: there is no clock to inject
        raise RuntimeError(f"Sauda did not start:\n{(self.data / 'process.log').read_text()[-4000:]}")

    def kill(self) -> None:
        """The power goes: SIGKILL."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop; returns its exit code."""
        if self.process is None or self.process.poll() is not None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)

    def get(self, path: str, timeout: float = 10) -> tuple[int, Any]:
        """(status, decoded JSON)."""
        return self.request("GET", path, timeout=timeout)

    def post(self, path: str, body: object, timeout: float = 10) -> tuple[int, Any]:
        """(status, decoded JSON)."""
        return self.request("POST", path, body, timeout=timeout)

    def request(self, method: str, path: str, body: object = None, timeout: float = 10) -> tuple[int, Any]:
        """One HTTP request; errors of the server come back as (status, problem)."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data=data, method=method, headers={"content-type": "application/json"} if data else {}
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")


def open_market(server: Sauda) -> None:
    """Let market time run until shares trade continuously and have prices, then at 1x."""
    server.post("/api/v1/markets/sim/control", {"action": "speed", "value": 60})
    eventually(lambda: server.get("/api/v1/markets")[1]["items"][0]["phase"] == "continuous", 60)
    prices = "/api/v1/quotes?keys=NSE:RELIANCE,NSE:INFY,NSE:SBIN,NSE:TCS"
    eventually(lambda: not any(quote["stale"] for quote in server.get(prices)[1]["items"]), 60)
    server.post("/api/v1/markets/sim/control", {"action": "speed", "value": 1})


def eventually(question: Callable[[], object], within: float = 15.0) -> None:
    """Ask a running process until the answer is yes; fails when it never is."""
    end = time.monotonic() + within
    while not question():
        if time.monotonic() > end:
            raise AssertionError("it never came true")
        time.sleep(0.05)  # another process's time: there is nothing to wait on
