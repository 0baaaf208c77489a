"""Pre-trade checks, one file each. A new check is a new file with `check(p) -> Denied | None`, and a line in `CHECKS`.

The order is the order in which reasons are told: what forbids trading as such first, money and rate last. A check
compares numbers of the proposal and has no effect; its refusal names limit, value, headroom and remedy (R1).
"""

from collections.abc import Callable

from server.core.errors import Denied
from server.risk.checks import (
    away,
    band,
    blocked,
    concentration,
    correlation,
    delivery,
    free_funds,
    freeze,
    least,
    leverage,
    liquidity,
    lock,
    loss,
    open_orders,
    position,
    rate,
    session,
    size,
    squareoff,
    stale,
    state,
    twin,
    types,
    value,
)
from server.risk.proposal import Proposal

__all__ = ("CHECKS", "Check", "first_problem", "problems")

Check = Callable[[Proposal], Denied | None]

CHECKS: tuple[Check, ...] = (
    lock.check,
    state.check,
    twin.check,
    blocked.check,
    types.check,
    session.check,
    squareoff.check,
    freeze.check,
    least.check,
    size.check,
    stale.check,
    band.check,
    away.check,
    value.check,
    position.check,
    delivery.check,
    concentration.check,
    leverage.check,
    correlation.check,
    liquidity.check,
    loss.check,
    open_orders.check,
    free_funds.check,
    rate.check,
)


def first_problem(proposal: Proposal) -> Denied | None:
    """The first refusal, or None when every check allows it."""
    for check in CHECKS:
        if (problem := check(proposal)) is not None:
            return problem
    return None


def problems(proposal: Proposal) -> list[Denied]:
    """Every refusal: what a ticket shows before sending."""
    return [problem for check in CHECKS if (problem := check(proposal)) is not None]
