"""Orders as the books hold them, and the steps each went through."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Row, select

from server.core.errors import NotFound
from server.domain.journal import FillApplied, OrderChanged, Payload
from server.domain.orders import LIVE_STATES, TERMINAL_STATES, Order
from server.storage.reading import Reader
from server.storage.tables import journal, orders

__all__ = ("OrderRows", "Step")

_FIELDS = tuple(Order.__struct_fields__)
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Payload)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an order's life, from the journal."""

    seq: int
    at: datetime
    at_market: datetime | None
    """Market time, where the entry carries one."""
    event: str
    """As in `journal.OrderChanged`, or `filled`."""
    state: str
    reason: str
    correlation: str


class OrderRows:
    """Reads orders."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def get(self, order_id: str) -> Order:
        """One order; raises NotFound."""
        row = await self._reader.first(select(orders).where(orders.c.id == order_id))
        if row is None:
            raise NotFound(f"There is no order {order_id}.", code="order.not_found", field="id")
        return _order(row)

    async def by_request(self, account: str, request_id: str) -> Order | None:
        """The order made for a caller's own request id, if there is one."""
        row = await self._reader.first(
            select(orders).where(
                orders.c.account == account, orders.c.request_id == request_id, orders.c.request_id != ""
            )
        )
        return None if row is None else _order(row)

    async def by_parent(self, parent: str) -> list[Order]:
        """Orders made by one basket or trigger, oldest first."""
        query = select(orders).where(orders.c.parent == parent, orders.c.parent != "").order_by(orders.c.id)
        return [_order(row) for row in await self._reader.all(query)]

    async def page(
        self,
        account: str,
        state: Literal["open", "done", "all"] = "all",
        limit: int = 100,
        before: str | None = None,
    ) -> list[Order]:
        """Orders of an account, newest first; `before` is the id of the last order of the page before."""
        query = select(orders).where(orders.c.account == account).order_by(orders.c.id.desc()).limit(limit)
        if state == "open":
            query = query.where(orders.c.state.in_(sorted(LIVE_STATES)))
        elif state == "done":
            query = query.where(orders.c.state.in_(sorted(TERMINAL_STATES)))
        if before:
            query = query.where(orders.c.id < before)
        return [_order(row) for row in await self._reader.all(query)]

    async def load_live(self) -> list[Order]:
        """Every order of every account that may still change, oldest first: what engines start from."""
        query = select(orders).where(orders.c.state.in_(sorted(LIVE_STATES))).order_by(orders.c.id)
        return [_order(row) for row in await self._reader.all(query)]

    async def load_requests(self) -> list[tuple[str, str]]:
        """(account, request id) of every order that has one."""
        query = select(orders.c.account, orders.c.request_id).where(orders.c.request_id != "")
        return [(row.account, row.request_id) for row in await self._reader.all(query)]

    async def by_broker_id(self, account: str, broker_id: str) -> Order | None:
        """The order the broker knows under this id: ours or an EXTERNAL one; the newest if it used an id again."""
        query = (
            select(orders)
            .where(orders.c.account == account, orders.c.broker_id == broker_id, orders.c.broker_id != "")
            .order_by(orders.c.id.desc())
            .limit(1)
        )
        row = await self._reader.first(query)
        return None if row is None else _order(row)

    async def steps(self, order_id: str) -> list[Step]:
        """All steps of an order, in the order they became true."""
        query = (
            select(journal)
            .where(journal.c.subject == order_id, journal.c.kind.in_(("order.changed", "fill.applied")))
            .order_by(journal.c.seq)
        )
        return [_step(row) for row in await self._reader.all(query)]


def _order(row: Row[Any]) -> Order:
    return Order(**dict(zip(_FIELDS, row, strict=True)))


def _step(row: Row[Any]) -> Step:
    payload = _decoder.decode(row.payload)
    at_market: datetime | None
    match payload:
        case FillApplied(fill=fill, order=order):
            event, at_market = "filled", fill.at_market
        case OrderChanged(event=event, order=order, postings=postings):
            first = order.created_market if event in ("intended", "denied") else None
            at_market = postings[0].at_market if postings else first
        case _:  # pragma: no cover - the query asks for these two kinds only
            raise AssertionError(payload)
    return Step(
        seq=row.seq,
        at=row.at,
        at_market=at_market,
        event=event,
        state=order.state,
        reason=order.reason,
        correlation=row.correlation,
    )
