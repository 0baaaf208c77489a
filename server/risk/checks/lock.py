"""Live accounts take orders only after their own check, and only of a broker whose adapter has reached gold."""

from server.core.errors import Denied
from server.risk.proposal import Proposal

__all__ = ("check",)


def check(p: Proposal) -> Denied | None:
    """Refuse while the account is locked; the check's own order passes."""
    if not p.lock or p.request.origin == "check":
        return None
    return Denied(
        f"Not sent: {p.lock}",
        code="risk.locked",
        field="account",
        limit="locked",
        remedy="Run the account's check on the Connect page, or trade on paper meanwhile.",
    )
