"""Requests that could not even be read as what they should be: each leaves one line in the audit log.

What the engines refuse they note themselves. A body that is no order (a text for a number, NaN, an unknown field, a
megabyte) never reaches them, so it is noted here, when the error is on its way out.
"""

from typing import Any

import msgspec
from litestar.types import Scope

from server.api.context import Context
from server.api.errors import problem_of
from server.core.errors import SaudaError
from server.domain.journal import Noted

__all__ = ("note_refusal",)

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_UNREAD = "request."
"""Codes of what was refused before any engine saw it begin with this."""


async def note_refusal(context: Context, error: Exception, scope: Scope) -> None:
    """Note a refused request that would have changed something; previews change nothing.

    The answer does not depend on it: a broken journal leaves it out, for nothing was stored or sent either way."""
    found: Any = scope
    path = str(found.get("path", ""))
    if found.get("method") not in _CHANGING or not path.startswith("/api/") or path.endswith("/preview"):
        return
    problem = problem_of(error)
    if not problem.code.startswith(_UNREAD) or problem.status >= 500:
        return
    detail = {"method": found["method"], "path": path[:200], "problem": msgspec.to_builtins(problem)}
    try:
        await context.write(Noted(what="request.refused", detail=detail), subject=path[:100])
    except SaudaError:
        return
