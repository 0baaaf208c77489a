"""One function turns every error into the one JSON shape (`core.errors.Problem`)."""

import re
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from server.api.strict import plain
from server.core.errors import Fault, Invalid, NotFound, Problem, RateLimited, SaudaError, Unavailable
from server.core.logs import correlation

__all__ = ("HANDLERS", "MEDIA", "answer_of", "problem_of", "respond")

MEDIA = "application/problem+json"
_log = structlog.get_logger("api")
_MISSING = re.compile(r"Missing required \w+ parameter '([^']+)'")
_CODES = {404: "not_found", 405: "request.method", 413: "request.size", 415: "request.type", 401: "unauthorised"}
_REMEDIES = {
    404: "Check the address; /docs/api lists all of them.",
    405: "Use one of the methods that /docs/api lists for this address.",
    413: "Send less than 1 MB; nothing was stored.",
}
_BODIES = {
    "Invalid multipart/form-data": Invalid(
        "The body is not a file in a form.",
        code="request.form",
        field="file",
        limit="multipart/form-data",
        remedy="Send one file in the field `file`, as multipart/form-data; nothing was stored.",
    ),
    "client disconnected prematurely": Invalid(
        "The body ended before it was whole.",
        code="request.cut",
        field="body",
        remedy="Send it again; nothing was stored.",
    ),
}
"""What litestar says in words of its own; the second one has nobody left to read it, and is no fault of ours."""
_SENTENCES = {404: "There is nothing at this address.", 413: "The body is larger than 1 MB."}


def problem_of(error: BaseException, names: Mapping[str, str] | None = None) -> Problem:
    """The wire form of any error; what we did not foresee is a Fault without its inner text.

    Args:
        error: anything that was raised.
        names: what the wire calls a handler's parameters, where it differs.
    """
    trace = correlation.get()
    if isinstance(error, SaudaError):
        return error.problem(trace)
    if isinstance(error, ValidationException):
        return _parameter(error, names or {}).problem(trace)
    if isinstance(error, HTTPException) and error.detail in _BODIES:
        return _BODIES[error.detail].problem(trace)
    if isinstance(error, HTTPException) and error.status_code < 500:
        status = error.status_code
        return Problem(
            status=status,
            code=_CODES.get(status, "invalid"),
            detail=_SENTENCES.get(status) or error.detail or "The request was refused.",
            field="body" if status == 413 else "",
            limit="1 MB" if status == 413 else "",
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
    names = _wire_names(request) if isinstance(error, ValidationException) else None
    status, headers, body = answer_of(error, request.url.path, names)
    return Response(body, status_code=status, media_type=MEDIA, headers=headers)


def answer_of(error: Exception, path: str, names: Mapping[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """(status, headers beside the body's own, body) for an error; what is our fault is logged."""
    problem = problem_of(error, names)
    if problem.status >= 500:
        if isinstance(error, Unavailable):  # foreseen, and said to the caller; no trace is needed
            _log.warning("request_refused", path=path, code=problem.code, detail=problem.detail)
        else:
            _log.error("request_failed", path=path, code=problem.code, exc_info=error)
    headers = {}
    if isinstance(error, RateLimited):
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    if isinstance(error, HTTPException) and error.headers:
        headers |= {k: v for k, v in error.headers.items() if k.lower() == "allow"}
    return problem.status, headers, msgspec.json.encode(problem)


HANDLERS: dict[int | type[Exception], Callable[[Request[Any, Any, Any], Exception], Response[bytes]]] = {
    Exception: respond,
    HTTPException: respond,
    SaudaError: respond,
}


def _wire_names(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Parameters of the handler that was asked, whose name on the wire is another than in the code."""
    handler = request.scope.get("route_handler")
    if not isinstance(handler, HTTPRouteHandler):
        return {}
    fields = handler.parsed_fn_signature.parameters
    return {
        name: field.kwarg_definition.name
        for name, field in fields.items()
        if isinstance(field.kwarg_definition, QueryParameter) and field.kwarg_definition.name
    }


def _parameter(error: ValidationException, names: Mapping[str, str]) -> SaudaError:
    extra = error.extra if isinstance(error.extra, list) else []
    first: dict[str, Any] = extra[0] if extra and isinstance(extra[0], dict) else {}
    missing = _MISSING.search(error.detail)
    field = missing[1] if missing else str(first.get("key", ""))
    field = names.get(field, field)
    if field == "data":
        return Invalid(
            "The body is missing.",
            code="request.json",
            field="body",
            limit="JSON",
            remedy="Send a JSON object with content type application/json; nothing was stored.",
        )
    text, limit, _ = plain(str(first.get("message", error.detail)))
    text = "this parameter is missing" if missing else text
    if error.status_code == 404:
        return NotFound(text, field=field)
    return Invalid(
        f"{field}: {text}." if field else f"{text}.",
        code="request.parameter",
        field=field,
        limit=limit,
        remedy="Mend this parameter and ask again.",
    )
