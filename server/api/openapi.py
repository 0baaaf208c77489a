"""The OpenAPI document as published: Litestar's, with our error shape, plain names, and the meaning of each field.

Litestar derives paths, parameters and shapes from the handlers. What it cannot know is added here: every refusal is a
`Problem`, a parameter that many addresses share means the same everywhere, and the text under a struct's field says
what the field holds.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from itertools import pairwise
from textwrap import dedent
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.openapi.plugins import JsonRenderPlugin

from server.api.wire import Page
from server.core.errors import Problem

__all__ = ("Document", "document")

_ERRORS = {
    "400": "The request is wrong: mend the field named and ask again.",
    "404": "There is no such thing.",
    "409": "It has changed meanwhile: read it again.",
    "413": "The body is larger than 1 MB.",
    "422": "A limit or a state refuses it; nothing was sent.",
    "503": "Not now; nothing happened. Trying again is safe.",
}
_READING = ("400", "404")
_PARAMETERS = {
    "account": "account id, as `paper-sim`",
    "market": "market id: `sim`, or `replay` while there is one",
    "index": "underlying by name or key, as `NIFTY` or `NSE_INDEX:NIFTY`",
    "strategy_id": "id of the strategy",
    "key": "instrument key, as `NSE:RELIANCE` or `NFO:NIFTY01DEC2624500CE`",
    "limit": "most entries of one page",
    "before": "the `next` of the page before; leave it out for the newest",
    "state": "which orders: working, finished or both",
    "kind": "only instruments of this kind",
    "expiry": "only contracts of this expiry, as `2026-12-01`",
    "interval": "length of a bar",
    "depth": "whether to add five levels of the book",
    "order_id": "id of the order",
    "trigger_id": "id of the trigger",
    "parent_id": "id of the iceberg, cover or bracket order",
    "job": "id of the import",
    "refresh": "ask connected brokers now",
    "name": "name of the template, as `iron_condor`",
}
_GENERIC = re.compile(r"(?P<outer>\w+)_(?:[\w.]+\.)?(?P<inner>\w+)_")


class Document(JsonRenderPlugin):
    """Serves the finished document."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return msgspec.json.encode(document(request.app))


def document(app: Litestar) -> dict[str, Any]:
    """The whole document, worked out once for an app."""
    kept: dict[str, Any] | None = app.state.get("document")
    if kept is None:
        kept = app.state["document"] = _document(app)
    return kept


def _document(app: Litestar) -> dict[str, Any]:
    found: dict[str, Any] = _renamed(app.openapi_schema.to_schema())
    schemas = found["components"]["schemas"]
    schemas["Problem"] = _problem()
    for item in found["paths"].values():
        for method, operation in item.items():
            _finish(method, operation)
    for name, schema in schemas.items():
        if name.endswith(Page.__name__):
            schema["description"] = Page.__doc__
    for kind in _structs():
        schema = schemas.get(kind.__name__, {})
        properties = schema.get("properties", {})
        wire = dict(zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True))
        if set(properties) == set(wire.values()):  # another struct may bear the same name
            for field, text in _texts(kind).items():
                properties[wire[field]] = {**properties[wire[field]], "description": text}
            schema.setdefault("description", " ".join((kind.__doc__ or "").split()))
    return found


def _finish(method: str, operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        if not parameter.get("description"):
            parameter["description"] = _PARAMETERS.get(parameter["name"], "")
    answers = {status: answer for status, answer in operation["responses"].items() if status < "400"}
    asked = "requestBody" in operation or operation.get("parameters")
    statuses = _READING if method == "get" else tuple(_ERRORS)
    for status in statuses if asked or method != "get" else ():
        answers[status] = {
            "description": _ERRORS[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    if operation["operationId"].startswith("Ready"):
        answers["503"] = {**answers["200"], "description": "Orders cannot be taken now."}
    operation["responses"] = answers


def _renamed(value: Any) -> Any:
    """The same with `Page_server.domain.orders.Order_` called `OrderPage`, wherever it is named."""
    if isinstance(value, dict):
        return {_plain(key): _renamed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner) for inner in value]
    if isinstance(value, str) and value.startswith("#/components/"):
        head, _, name = value.rpartition("/")
        return f"{head}/{_plain(name)}"
    return value


def _plain(name: str) -> str:
    match = _GENERIC.fullmatch(name)
    return f"{match['inner']}{match['outer']}" if match else name


def _problem() -> dict[str, Any]:
    _, components = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")
    found: dict[str, Any] = components["Problem"]
    return found


def _structs(of: type[msgspec.Struct] = msgspec.Struct) -> Iterator[type[msgspec.Struct]]:
    """Every struct of the program's own."""
    for kind in of.__subclasses__():
        if kind.__module__.startswith("server."):
            yield kind
        yield from _structs(kind)


def _texts(kind: type[msgspec.Struct]) -> dict[str, str]:
    """What stands under the fields of a struct in its source, as one line each."""
    try:
        tree = ast.parse(dedent(inspect.getsource(kind))).body[0]
    except (OSError, SyntaxError):  # no source beside the program: the page does without
        return {}
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for field, text in pairwise(tree.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            found[field.target.id] = " ".join(text.value.value.split())
    return found
