"""How strategies did: one by itself out of its trades and its course, many by name."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from server.strategies.strategy import Strategy

__all__ = ("ByTemplate", "Course", "Record", "course_of", "days_held", "record_of")


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What the minutes say of a strategy's profit, in rupees; None before the first minute."""

    best: float | None
    worst: float | None
    drawdown: float | None
    """Largest fall from a height, above zero."""


class ByTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """Finished strategies of one name."""

    template: str
    count: int
    wins: int
    net_minor: int


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Finished strategies of an account, after charges."""

    count: int
    wins: int
    losses: int
    net_minor: int
    average_win_minor: int | None
    average_loss_minor: int | None
    best_minor: int | None
    worst_minor: int | None
    by_template: tuple[ByTemplate, ...]


def course_of(profits: Sequence[float]) -> Course:
    """Best, worst and largest fall of a course of profit that begins at zero."""
    if not profits:
        return Course(best=None, worst=None, drawdown=None)
    height, fall = 0.0, 0.0
    for profit in profits:
        height = max(height, profit)
        fall = max(fall, height - profit)
    return Course(best=max(profits), worst=min(profits), drawdown=fall)


def days_held(strategy: Strategy, now: datetime) -> float | None:
    """Market days from the first trade to the last, or to now; None before the first."""
    if strategy.opened is None:
        return None
    return max(0.0, ((strategy.closed or now) - strategy.opened).total_seconds() / 86_400)


def record_of(finished: Iterable[Strategy]) -> Record:
    """Sums over finished strategies."""
    nets = [(one, one.realised_minor - one.charges_minor) for one in finished]
    wins = [net for _, net in nets if net > 0]
    losses = [net for _, net in nets if net <= 0]
    names: dict[str, list[int]] = {}
    for one, net in nets:
        names.setdefault(one.template, []).append(net)
    return Record(
        count=len(nets),
        wins=len(wins),
        losses=len(losses),
        net_minor=sum(net for _, net in nets),
        average_win_minor=sum(wins) // len(wins) if wins else None,
        average_loss_minor=-(-sum(losses) // len(losses)) if losses else None,
        best_minor=max((net for _, net in nets), default=None),
        worst_minor=min((net for _, net in nets), default=None),
        by_template=tuple(
            ByTemplate(template=name, count=len(found), wins=sum(net > 0 for net in found), net_minor=sum(found))
            for name, found in sorted(names.items())
        ),
    )
