"""Where option mathematics runs: settings `options.engine` and `options.device` put into force, without waiting."""

import asyncio
from collections.abc import Callable

from server.app.settings import Options
from server.core.errors import SaudaError
from server.options import device, engine

__all__ = ("Computing",)


class Computing:
    """A part of the runtime: asks for what was forced, and says so when it cannot be had."""

    def __init__(self, settings: Options, notice: Callable[[str, str], None]) -> None:
        self._settings = settings
        self._notice = notice

    async def run(self, ready: Callable[[], None]) -> None:
        """Runs until it is cancelled. NumPy in float64 answers while anything else is being got, or instead of it."""
        ready()
        try:
            engine.use(self._settings.engine, wait=False)
        except SaudaError as error:
            self._notice("warn", f"{error.detail} NumPy computes instead. {error.remedy}")
        if self._settings.device == "auto":
            device.automatic()
        else:
            try:
                await asyncio.to_thread(device.use, self._settings.device)
            except SaudaError as error:
                self._notice("warn", f"{error.detail} The processor computes instead. {error.remedy}")
        await asyncio.Event().wait()
