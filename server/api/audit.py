"""The audit log, which is the journal, in plain words; and its proof."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from server.api.context import Context
from server.api.wire import Page
from server.audit.sentences import sentence
from server.domain.money import INR

__all__ = ("ROUTES",)


class AuditWire(msgspec.Struct, frozen=True, kw_only=True):
    """One entry."""

    seq: int
    at: datetime
    actor: str
    correlation: str
    kind: str
    subject: str
    text: str
    hash: str


class VerdictWire(msgspec.Struct, frozen=True):
    """What verifying found."""

    ok: bool
    entries: int
    head: str
    problem: str | None


@get("/api/v1/audit", tags=["Audit"], summary="The audit log, newest first")
async def audit(
    context: NamedDependency[Context],
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
    before: Annotated[int | None, QueryParameter(ge=0, le=2**62)] = None,
    subject: Annotated[str, QueryParameter(description="an order id, account or name", max_length=100)] = "",
) -> Page[AuditWire]:
    """`before` is the `next` of the page before."""
    found = await context.reads.audit.page(limit, before, subject)
    currencies = {name: one.currency for name, one in context.accounts.items() if one.currency != INR}
    items = [
        AuditWire(
            seq=line.seq,
            at=line.entry.at,
            actor=line.entry.actor,
            correlation=line.entry.correlation,
            kind=line.kind,
            subject=line.entry.subject,
            text=sentence(line.entry, currencies),
            hash=line.hash,
        )
        for line in found
    ]
    return Page(items, str(found[-1].seq) if len(found) == limit else None)


@post("/api/v1/audit/verify", tags=["Audit"], summary="Prove the chain", status_code=200)
async def verify(context: NamedDependency[Context]) -> VerdictWire:
    """Walks the whole chain of hashes."""
    verdict = await context.verify()
    return VerdictWire(verdict.ok, verdict.entries, verdict.head, verdict.problem)


ROUTES = (audit, verify)
