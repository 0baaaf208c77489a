"""`sauda run`: the whole app in one process, until SIGINT or SIGTERM."""

import asyncio
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog

from server.api.security import Guard, own_hosts
from server.app.running import forget_running, note_running
from server.app.runtime import Runtime
from server.app.settings import Settings, load_settings
from server.core.clock import Clock, SystemClock
from server.core.errors import SaudaError, Unavailable
from server.core.lean import settle, unsettle
from server.core.logs import start_logging
from server.core.paths import make_data_dir

__all__ = ("run", "serve")

_log = structlog.get_logger("run")


def run(
    data: Path,
    environment: dict[str, str],
    flags: dict[str, str],
    begin: Callable[[Runtime], Awaitable[None]] | None = None,
) -> int:
    """Start and serve; 0 after a clean stop."""
    make_data_dir(data)
    settings = load_settings(data, environment, flags)
    start_logging(data / "logs", settings.logging.level, keep_days=settings.logging.keep_days)
    _ensure_free(settings)
    with _runner() as runner:
        runner.run(serve(data, settings, begin=begin, read=lambda: load_settings(data, environment, flags)))
    return 0


async def serve(
    data: Path,
    settings: Settings,
    stop: asyncio.Event | None = None,
    begin: Callable[[Runtime], Awaitable[None]] | None = None,
    read: Callable[[], Settings] | None = None,
) -> None:
    """Open, start, listen, and stop in order when told; `begin` is done once all parts are ready, `read` reads the
    settings again (SIGHUP, or over HTTP)."""
    stop = stop or asyncio.Event()
    _on_signals(stop)
    clock = SystemClock()
    runtime = await Runtime.open(data, settings, clock, read)
    _on_hangup(runtime)
    try:
        await _listen(data, settings, clock, runtime, stop, begin)
    finally:
        forget_running(data)
        await runtime.stop()
        unsettle()


async def _listen(
    data: Path,
    settings: Settings,
    clock: Clock,
    runtime: Runtime,
    stop: asyncio.Event,
    begin: Callable[[Runtime], Awaitable[None]] | None,
) -> None:
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server.embed import Server

    url = f"http://{settings.server.host}:{settings.server.port}"
    app: Any = Guard(runtime.app(), own_hosts(settings.server.port), clock)
    server = Server(
        app,
        address=settings.server.host,
        port=settings.server.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        log_level=LogLevels.warning,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve(), name="http")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await runtime.start()
        if begin is not None:
            await begin(runtime)
        settle()
        runtime.on_settled = settle
        note_running(data, url)
        _say(url, settings)
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        await runtime.streams.close_all()
        server.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait({serving}, timeout=2)
    if serving.done() and (error := serving.exception()) is not None:
        raise error


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))


def _on_hangup(runtime: Runtime) -> None:
    """SIGHUP reads the settings again; what is wrong with them is told on screen and in the log."""
    tasks: set[asyncio.Task[None]] = set()

    async def reload() -> None:
        try:
            await runtime.reloader.reload()
        except SaudaError as error:
            _log.warning("settings_refused", problem=error.detail)
            runtime.orders.desk.notice("warn", f"Settings not changed: {error.detail}")

    def begin() -> None:
        task = asyncio.create_task(reload(), name="reload")
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    if sys.platform != "win32":  # which has no such signal
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, begin)


def _ensure_free(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.server.host, settings.server.port))
        except OSError:
            raise Unavailable(
                f"Port {settings.server.port} is taken.",
                code="server.port",
                field="server.port",
                remedy="Sauda may be running already: open it in the browser. Or choose another with --port.",
            ) from None


def _say(url: str, settings: Settings) -> None:
    print(f"Sauda is ready at {url}  (paper money, simulated market; Ctrl+C stops it)", flush=True)
    if settings.server.open_browser:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _runner() -> "asyncio.Runner":
    if sys.platform == "win32":
        return asyncio.Runner()
    import uvloop

    return asyncio.Runner(loop_factory=uvloop.new_event_loop)
