"""Settings read again while running: all of what was changed is right and taken, or nothing is.

Some settings act at once; the others are named, so that the user knows that they wait for a restart.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog

from server.api.ports import Reloaded
from server.app.settings import Settings
from server.domain.journal import Noted
from server.market.market import Market
from server.orders.desk import Desk

__all__ = ("LIVE", "Reloader")

LIVE = (
    "logging.level",
    "market.scenario",
    "market.volatility",
    "market.speed",
    "orders.timeout_s",
    "orders.reconcile_s",
    "store.keep_tick_days",
    "store.keep_second_bar_days",
    "store.keep_minute_bar_days",
    "store.keep_usage_days",
    "store.keep_backups",
)
"""Settings that act without a restart."""

_log = structlog.get_logger("settings")


class Reloader:
    """Keeps the settings in force.

    Args:
        settings: those of the start.
        read: reads all sources anew; raises Invalid with file and line.
        market: the simulated market.
        desk: the order path's, whose waiting times can change.
        note: puts a line on record.
    """

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Settings],
        market: Market,
        desk: Desk,
        note: Callable[[Noted], Awaitable[Any]],
    ) -> None:
        self.settings = settings
        self._read = read
        self._market = market
        self._desk = desk
        self._note = note

    async def reload(self) -> Reloaded:
        """Read and apply; raises Invalid, naming file and line, and then nothing was changed."""
        before, after = _flat(self.settings), _flat(self._read())
        changed = [name for name in after if after[name] != before[name]]
        live = [name for name in changed if name in LIVE]
        # first what may still be refused, and by one command: it is done whole or not at all
        market = {name.partition(".")[2]: after[name] for name in live if name.startswith("market.")}
        if {"scenario", "volatility"} & set(market):
            self._market.control("scenario", name=after["market.scenario"], value=after["market.volatility"])
        if "speed" in market:
            self._market.control("speed", value=after["market.speed"])
        self._desk.settings = msgspec.structs.replace(
            self._desk.settings,
            submit_timeout=after["orders.timeout_s"],
            reconcile_every=after["orders.reconcile_s"],
        )
        logging.getLogger().setLevel(after["logging.level"])
        self.settings = _taken(self.settings, {name: after[name] for name in live})
        done = Reloaded(applied=live, restart=[name for name in changed if name not in LIVE])
        await self._note(Noted(what="settings.reloaded", detail=msgspec.to_builtins(done)))
        _log.info("settings_reloaded", applied=done.applied, restart=done.restart)
        return done


def _flat(settings: Settings) -> dict[str, Any]:
    """Every setting by its full name."""
    return {
        f"{table}.{name}": value
        for table, group in msgspec.structs.asdict(settings).items()
        for name, value in msgspec.structs.asdict(group).items()
    }


def _taken(settings: Settings, values: dict[str, Any]) -> Settings:
    """The settings with some of them replaced."""
    for name, value in values.items():
        table, _, field = name.partition(".")
        group = msgspec.structs.replace(getattr(settings, table), **{field: value})
        settings = msgspec.structs.replace(settings, **{table: group})
    return settings
