"""Times of the order path, in seconds; range-checked, from `[orders]` of the settings."""

from typing import Annotated

import msgspec

__all__ = ("OrderSettings",)

Seconds = Annotated[float, msgspec.Meta(ge=0.001, le=600)]


class OrderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long the order path waits, and how often it looks."""

    submit_timeout: Seconds = 3.0
    """After this a submit without answer is UNKNOWN."""
    command_timeout: Seconds = 3.0
    """The same for modify, cancel and look-up."""
    settle: Seconds = 1.0
    """How long a cancel or modify waits for the broker's own word before it answers."""
    lookup_first: Seconds = 0.5
    """First wait before an order in doubt is looked up; doubled each time."""
    lookup_most: Seconds = 30.0
    """Longest wait between look-ups."""
    absence_after: Seconds = 2.0
    """How long after its sending an order must be absent at the broker before absence proves that it never arrived
    (a slow request may still be on its way)."""
    reconcile_every: Seconds = 30.0
    """The slow poll, which runs while the stream looks healthy too (law 7)."""
    recover_every: Seconds = 2.0
    """How often a broken journal is tried again."""
    keep_done: Annotated[int, msgspec.Meta(ge=100, le=1_000_000)] = 5_000
    """Finished orders kept in memory; older ones are read from disk."""
    leg_wait: Seconds = 10.0
    """How long a basket waits for a leg to fill before it counts as failed."""
