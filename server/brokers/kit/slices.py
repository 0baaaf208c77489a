"""Slices: several orders at the broker that are one order of ours, cut at the exchange's freeze quantity."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import msgspec

from server.domain.brokerage import LineState, OrderLine

__all__ = ("joined",)

_ENDED = frozenset({"FILLED", "CANCELLED", "REJECTED", "EXPIRED"})


def joined(lines: Sequence[OrderLine], freeze: Callable[[OrderLine], int | None]) -> list[OrderLine]:
    """The lines with slices put together, in the order of their first ones.

    Lines belong together when they carry our id and either name the same parent, or look as only slices do: same
    instrument, side, type and price, and all but one of exactly the freeze quantity. Two lines that merely share an id
    stay two: that is an order sent twice, and somebody must see it."""
    groups: dict[tuple[str, str, str], list[OrderLine]] = {}
    for number, line in enumerate(lines):
        alone = not line.client_id
        groups.setdefault((f"#{number}" if alone else line.client_id, line.exchange, line.symbol), []).append(line)
    found: list[OrderLine] = []
    for group in groups.values():
        if len(group) > 1 and _slices(group, freeze(group[0])):
            found.append(_join(group))
        else:
            found.extend(group)
    return found


def _slices(group: Sequence[OrderLine], freeze: int | None) -> bool:
    parents = {line.parent_id for line in group if line.parent_id}
    ids = {line.broker_id for line in group}
    if len(parents) == 1 and all(line.parent_id or line.broker_id in parents for line in group):
        return True
    if parents & ids or parents or freeze is None:
        return False
    alike = {(line.side, line.type, line.price, line.trigger, line.product) for line in group}
    small = [line for line in group if line.quantity != freeze]
    return len(alike) == 1 and len(small) <= 1 and all(line.quantity < freeze for line in small)


def _join(group: Sequence[OrderLine]) -> OrderLine:
    quantity, filled = _sum(x.quantity for x in group), _sum(x.filled for x in group)
    value = _sum(x.filled * x.average for x in group if x.average is not None)
    working = [x for x in group if x.state not in _ENDED]
    reasons = dict.fromkeys(x.reason for x in group if x.reason)
    refused = sum(x.state == "REJECTED" for x in group)
    state: LineState
    if working:
        state = "PARTIAL" if filled else working[0].state
    elif filled == quantity:
        state = "FILLED"
    elif refused == len(group):
        state = "REJECTED"
    else:
        state = "CANCELLED"
    reason = "; ".join(reasons)
    if refused and state != "REJECTED":
        reason = f"{refused} of {len(group)} slices were refused: {reason}"
    times = [x.updated for x in group if x.updated is not None]
    parent = next((x.parent_id for x in group if x.parent_id), "")
    return msgspec.structs.replace(
        group[0],
        broker_id=parent or group[0].broker_id,
        quantity=quantity,
        filled=filled,
        pending=_sum(x.pending or Decimal(0) for x in working),
        average=value / filled if filled else None,
        state=state,
        reason=reason,
        updated=max(times) if times else None,
    )


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))
