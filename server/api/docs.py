"""The API page under /docs/api: rendered from the OpenAPI document on this machine, with no script and no CDN."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from litestar import Request, Response, get

from server.api.openapi import document

if TYPE_CHECKING:
    import jinja2

__all__ = ("api_page",)

_QUOTED = re.compile(r"`([^`]+)`")
_METHODS = ("get", "post", "put", "patch", "delete")


@lru_cache(maxsize=1)
def _templates() -> "jinja2.Environment":
    """Made when the page is first asked for: a start need not import Jinja."""
    import jinja2
    from markupsafe import Markup, escape

    made = jinja2.Environment(loader=jinja2.PackageLoader("server.api"), autoescape=True, trim_blocks=True)
    made.filters["prose"] = lambda text: Markup(_QUOTED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped
    return made


@get("/docs/api", include_in_schema=False, sync_to_thread=False)
def api_page(request: Request[Any, Any, Any]) -> Response[str]:
    """All addresses with parameters, bodies and answers."""
    schema = document(request.app)
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, item in sorted(schema["paths"].items()):
        for method in _METHODS:
            if method in item:
                operation = item[method]
                tag = (operation.get("tags") or ["Other"])[0]
                groups.setdefault(tag, []).append({"path": path, "method": method.upper(), **_operation(operation)})
    text = (
        _templates()
        .get_template("api.html")
        .render(info=schema["info"], groups=sorted(groups.items()), schemas=_schemas(schema))
    )
    return Response(text, media_type="text/html; charset=utf-8", headers={"cache-control": "no-cache"})


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {})
    answers = [
        {"status": status, "text": answer.get("description", ""), "schema": _name(_first(answer.get("content", {})))}
        for status, answer in sorted(operation.get("responses", {}).items())
    ]
    return {
        "id": operation.get("operationId", ""),
        "summary": operation.get("summary", ""),
        "text": operation.get("description", ""),
        "parameters": [
            {
                "name": p["name"],
                "place": p["in"],
                "required": p.get("required", False),
                "kind": _name(p.get("schema", {})),
                "text": p.get("description", ""),
            }
            for p in operation.get("parameters", [])
        ],
        "body": _name(_first(body)) if body else "",
        "answers": answers,
    }


def _schemas(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name, item in sorted(schema.get("components", {}).get("schemas", {}).items()):
        required = set(item.get("required", []))
        fields = [
            {"name": f, "kind": _name(s), "required": f in required, "text": s.get("description", "")}
            for f, s in item.get("properties", {}).items()
        ]
        found.append({"name": name, "text": item.get("description", ""), "fields": fields})
    return found


def _first(content: dict[str, Any]) -> dict[str, Any]:
    for kind in content.values():
        found: dict[str, Any] = kind.get("schema", {})
        return found
    return {}


def _name(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for joined in ("oneOf", "anyOf"):
        if joined in schema:
            return " or ".join(_name(s) for s in schema[joined])
    if "enum" in schema:
        return " | ".join(str(v) for v in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_name(schema.get('items', {}))}"
    kind = schema.get("type", "any")
    return f"{kind} ({schema['format']})" if schema.get("format") else str(kind)
