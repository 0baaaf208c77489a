"""One function turns every error into the one JSON shape (`core.errors.Problem`)."""

import re
import sqlite3
from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from server.core.errors import Fault, Invalid, NotFound, Problem, RateLimited, SaudaError, Unavailable
from server.core.logs import correlation

__all__ = ("HANDLERS", "problem_of", "respond")

_log = structlog.get_logger("api")
_MISSING = re.compile(r"Missing required \w+ parameter '([^']+)'")
_CODES = {404: "not_found", 405: "request.method", 413: "request.size", 415: "request.type", 401: "unauthorised"}
_REMEDIES = {
    404: "Check the address; /docs/api lists all of them.",
    405: "Use one of the methods that /docs/api lists for this address.",
    413: "Send less than 1 MB.",
}


def problem_of(error: BaseException) -> Problem:
    """The wire form of any error; what we did not foresee is a Fault without its inner text."""
    trace = correlation.get()
    if isinstance(error, SaudaError):
        return error.problem(trace)
    if isinstance(error, ValidationException):
        return _parameter(error).problem(trace)
    if isinstance(error, HTTPException) and error.status_code < 500:
        status = error.status_code
        return Problem(
            status=status,
            code=_CODES.get(status, "invalid"),
            detail=_sentence(status, error.detail),
            remedy=_REMEDIES.get(status, ""),
            correlation=trace,
        )
    if isinstance(error, (sqlite3.Error, OSError)):
        return Unavailable(
            f"Storage did not answer: {error}", remedy="Check disk space and the data folder, then try again."
        ).problem(trace)
    return Fault(
        "Something failed inside Sauda; nothing was half-written.",
        remedy=f"Look for {trace} in the log, or on the System page.",
    ).problem(trace)


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Exception handler for the whole app."""
    problem = problem_of(error)
    if problem.status >= 500:
        _log.error("request_failed", path=request.url.path, code=problem.code, exc_info=error)
    headers = {}
    if isinstance(error, RateLimited):
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    if isinstance(error, HTTPException) and error.headers:
        headers |= {k: v for k, v in error.headers.items() if k.lower() == "allow"}
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type="application/problem+json",
        headers=headers,
    )


HANDLERS: dict[int | type[Exception], Callable[[Request[Any, Any, Any], Exception], Response[bytes]]] = {
    Exception: respond,
    HTTPException: respond,
    SaudaError: respond,
}


def _parameter(error: ValidationException) -> SaudaError:
    extra = error.extra if isinstance(error.extra, list) else []
    first: dict[str, Any] = extra[0] if extra and isinstance(extra[0], dict) else {}
    missing = _MISSING.search(error.detail)
    field = missing[1] if missing else str(first.get("key", ""))
    text = "this parameter is missing" if missing else str(first.get("message", error.detail))
    if error.status_code == 404:
        return NotFound(text, field=field)
    return Invalid(
        f"{field}: {text}" if field else text,
        code="request.parameter",
        field=field,
        remedy="Mend this parameter and ask again.",
    )


def _sentence(status: int, detail: str) -> str:
    if status == 404:
        return "There is nothing at this address."
    return detail or "The request was refused."
