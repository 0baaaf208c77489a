"""One error tree, named by what the caller must do.

SaudaError
├── Invalid        mend the input and ask again
├── Denied         a rule or limit says no; the answer names limit, value, headroom
├── NotFound       ask for something that exists
├── Conflict       the thing has changed meanwhile; read it again
├── Unauthorised   sign in, or ask for the right
├── RateLimited    wait `retry_after` seconds
├── Unavailable    try again later; nothing happened
├── Unknown        it may have happened: look it up, never send it again
└── Fault          our own mistake or a broken machine; nothing half-written
"""

from typing import Any, ClassVar

import msgspec

__all__ = (
    "Conflict",
    "Denied",
    "Fault",
    "Invalid",
    "NotFound",
    "Problem",
    "RateLimited",
    "SaudaError",
    "Unauthorised",
    "Unavailable",
    "Unknown",
)


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The one JSON shape of an error (problem details, RFC 9457, with our fields)."""

    status: int
    code: str
    """Stable and dotted, for programs: `risk.order_value`, `order.lot`."""
    detail: str
    """One sentence for the trader: what was wrong."""
    field: str = ""
    """Path of the offending input, `quantity` or `legs[1].price`."""
    remedy: str = ""
    """What to do now."""
    limit: str = ""
    value: str = ""
    headroom: str = ""
    correlation: str = ""


class SaudaError(Exception):
    """Base of every error a caller may meet."""

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "fault"

    def __init__(
        self,
        detail: str,
        *,
        code: str = "",
        field: str = "",
        remedy: str = "",
        limit: object = "",
        value: object = "",
        headroom: object = "",
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.field = field
        self.remedy = remedy
        self.limit = str(limit)
        self.value = str(value)
        self.headroom = str(headroom)
        self.extra = extra

    def problem(self, correlation: str = "") -> Problem:
        """The wire form; a name of a thousand characters that was sent is not sent back."""
        return Problem(
            status=self.status,
            code=self.code,
            detail=_clip(self.detail),
            field=self.field,
            remedy=self.remedy,
            limit=self.limit,
            value=_clip(self.value),
            headroom=self.headroom,
            correlation=correlation,
        )


_LONGEST = 290
"""Characters of a sentence; longer ones hold something that was sent."""


def _clip(text: str) -> str:
    """A text cut in its middle, where its beginning and its end say what it is about."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 90]}...{text[-80:]}"


class Invalid(SaudaError):
    """The input is wrong."""

    status = 400
    default_code = "invalid"


class Denied(SaudaError):
    """A rule, limit or state refuses this."""

    status = 422
    default_code = "denied"


class NotFound(SaudaError):
    """There is no such thing."""

    status = 404
    default_code = "not_found"


class Conflict(SaudaError):
    """It clashes with what is there now."""

    status = 409
    default_code = "conflict"


class Unauthorised(SaudaError):
    """Not signed in, or not allowed."""

    status = 401
    default_code = "unauthorised"


class RateLimited(SaudaError):
    """Too many requests."""

    status = 429
    default_code = "rate_limited"

    def __init__(self, detail: str, *, retry_after: float, **kwargs: Any) -> None:
        super().__init__(detail, **kwargs)
        self.retry_after = retry_after


class Unavailable(SaudaError):
    """Not now; nothing happened, so trying again is safe."""

    status = 503
    default_code = "unavailable"


class Unknown(SaudaError):
    """Nobody can say yet whether it happened. Look it up; never repeat it."""

    status = 504
    default_code = "unknown"


class Fault(SaudaError):
    """Our own mistake, or a broken machine."""

    status = 500
    default_code = "fault"
