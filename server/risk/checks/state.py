"""Trading state: the kill switch, HALTED and REDUCING."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse when the kill switch is engaged, trading is halted, or only reducing orders may pass."""
    flattening = p.request.origin in ("kill", "settlement") and p.reducing
    if p.kill.engaged and not flattening:
        return Denied(
            f"Not sent: the kill switch is engaged ({p.kill.reason or 'no reason given'}).",
            code="risk.kill_switch",
            limit="engaged",
            remedy="Release the kill switch with a reason, then send again.",
        )
    if p.state == "HALTED" and not flattening:
        return Denied(
            f"Not sent: trading is halted ({p.state_reason or 'no reason given'}).",
            code="risk.halted",
            limit="HALTED",
            remedy="Set the account to ACTIVE when the reason is gone.",
        )
    if p.state == "REDUCING" and not p.reducing:
        return Denied(
            f"Not sent: only orders that reduce a position pass now ({p.state_reason or 'no reason given'}).",
            code="risk.reducing",
            field="quantity",
            limit="REDUCING",
            headroom=p.said(_closable(p)),
            value=p.said(p.request.quantity),
            remedy="Close what you hold, or set the account to ACTIVE.",
        )
    return None


def _closable(p: Proposal) -> int:
    """Units that could still be closed on this side."""
    held = p.position.quantity
    return max(0, abs(held) - p.opening) if held * p.sign < 0 else 0
