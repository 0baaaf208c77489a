"""Scenarios: what may be laid over the calibrated market, and from when.

A change is (second of the day, scenario, volatility multiplier). The list of changes is part of the snapshot, so a
restored day repeats itself; the path before a change stays as it was.
"""

from typing import Final

import msgspec

from server.core.errors import Invalid

__all__ = ("SCENARIOS", "Change", "Scenario", "check_volatility", "find")


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One named way the market can be."""

    name: str
    title: str
    vol: float = 1.0
    """Lasting multiplier of volatility."""
    burst: float = 0.0
    """Extra multiplier at the start, fading over `fade` seconds."""
    fade: float = 1200.0
    move: float = 0.0
    """Log return of NIFTY added over `fade` (crash) or over a whole session (trend)."""
    steady: bool = False
    """The move is spread evenly over a session; its sign is the seed's choice."""
    vix: float = 0.0
    """Log change of India VIX added over `fade`, beyond what the move itself does."""
    activity: float = 1.0
    """Multiplier of volume and of how often quotes change."""
    gap: float = 0.0
    """Size of the next opening gap (log); its sign is the seed's choice."""
    late: float = 0.0
    """Extra volatility in the last 75 minutes (expiry day)."""
    silent: bool = False
    """The feed goes quiet while the market goes on."""


SCENARIOS: Final = {
    s.name: s
    for s in (
        Scenario(name="calm", title="A usual day, as calibrated"),
        Scenario(name="trend", title="One direction all day", vol=0.85, move=0.017, steady=True, activity=1.2),
        Scenario(
            name="crash",
            title="A fall of six percent within the hour",
            vol=2.0,
            burst=2.0,
            move=-0.06,
            vix=0.35,
            activity=3.0,
        ),
        Scenario(name="expiry", title="The next NIFTY expiry day", vol=1.05, late=0.5, activity=1.7),
        Scenario(name="gap", title="The next day opens with a gap", vol=1.2, burst=0.8, gap=0.024, activity=1.5),
        Scenario(name="halted", title="The feed falls silent", silent=True),
    )
}


class Change(msgspec.Struct, frozen=True):
    """From `second` of the day on (0 = the opening), this scenario and this volatility multiplier hold."""

    second: int
    scenario: str
    volatility: float


def find(name: str) -> Scenario:
    """The scenario called `name`; raises Invalid."""
    if name not in SCENARIOS:
        raise Invalid(
            f"There is no scenario {name!r}",
            code="simulator.scenario",
            field="name",
            value=name,
            remedy=f"Use one of {', '.join(SCENARIOS)}.",
        )
    return SCENARIOS[name]


def check_volatility(value: float) -> float:
    """The volatility multiplier, 0.2 to 5; raises Invalid outside."""
    if not 0.2 <= value <= 5.0:
        raise Invalid(
            f"Volatility {value} is out of range",
            code="simulator.volatility",
            field="value",
            limit="0.2 to 5",
            value=value,
            remedy="Use a multiplier from 0.2 to 5; 1 is the usual market.",
        )
    return value
