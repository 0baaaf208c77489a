"""Option chains on the streams: which ones a session shows, and their figures as text whenever they were computed."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from server.analytics.chains import Chains, ChainWatch
from server.analytics.view import BUILD_UP, ChainView, Side
from server.api.options import strike_text
from server.core.clock import to_ns
from server.core.errors import SaudaError

__all__ = ("ChainAsked", "ChainScreen", "chain_data")

_FIGURES = {"iv": 6, "delta": 5, "gamma": 8, "theta": 4, "vega": 4, "oi_change": 0}
"""Figures a contract, and the decimals that are sent."""


class ChainAsked(msgspec.Struct, frozen=True):
    """One chain and how many strikes on each side of the money; 0 = all."""

    underlying: str
    expiry: date
    strikes: int = 20


class _Shown(msgspec.Struct):
    asked: ChainAsked
    watch: ChainWatch
    sent: int = -1


class ChainScreen:
    """The chains one session shows."""

    def __init__(self, chains: Chains) -> None:
        self._chains = chains
        self._shown: dict[str, list[_Shown]] = {}

    def set(self, market: str, asked: Sequence[ChainAsked]) -> list[SaudaError]:
        """Show these chains of a market and no others; returns what was wrong with those that cannot be shown."""
        before = self._shown.pop(market, [])
        wrong: list[SaudaError] = []
        shown: list[_Shown] = []
        for one in asked:
            kept = next((s for s in before if s.asked == one), None)
            if kept is not None:
                before.remove(kept)
                shown.append(kept)
                continue
            try:
                shown.append(_Shown(one, self._chains.watch(market, one.underlying, one.expiry)))
            except SaudaError as error:
                wrong.append(error)
        for gone in before:
            gone.watch.close()
        if shown:
            self._shown[market] = shown
        return wrong

    @property
    def pending(self) -> bool:
        """Whether a chain was computed since it was sent."""
        return any(
            (view := shown.watch.latest) is not None and view.version != shown.sent
            for group in self._shown.values()
            for shown in group
        )

    def changes(self) -> list[tuple[ChainAsked, ChainView]]:
        """Chains computed since the last call."""
        found = []
        for group in self._shown.values():
            for shown in group:
                view = shown.watch.latest
                if view is not None and view.version != shown.sent:
                    shown.sent = view.version
                    found.append((shown.asked, view))
        return found

    def close(self) -> None:
        """Show nothing any more."""
        for market in list(self._shown):
            self.set(market, ())


def chain_data(view: ChainView, strikes: int) -> dict[str, Any]:
    """A chain's figures as columns, a place a strike; null = cannot be told or not listed."""
    part = view.around(strikes)
    return {
        "market": view.market,
        "underlying": view.underlying,
        "expiry": view.expiry,
        "t": to_ns(view.at) // 1_000_000,
        "summary": view.summary,
        "fit": view.fit,
        "strikes": [strike_text(strike) for strike in view.strikes[part].tolist()],
        "ce": _columns(view.call, part),
        "pe": _columns(view.put, part),
    }


def _columns(side: Side, part: slice) -> dict[str, list[Any]]:
    out: dict[str, list[Any]] = {name: _numbers(getattr(side, name)[part], digits) for name, digits in _FIGURES.items()}
    out["build_up"] = [BUILD_UP[code] for code in side.build_up[part].tolist()]
    return out


def _numbers(column: npt.NDArray[np.float64], digits: int) -> list[float | None]:
    # msgspec writes NaN as null; rounding keeps the text short
    return np.round(column, digits).tolist()  # type: ignore[no-any-return]
