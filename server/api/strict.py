"""Strict request bodies: `"quantity": "5"`, unknown fields and NaN are errors, and each error names its field.

Litestar decodes JSON leniently (a string for an integer passes); orders cannot afford that. A handler says
`dto=Strict[OrderRequest]` and gets a struct decoded by msgspec alone; the OpenAPI schema is the struct's own.
Texts may hold only what can be shown: a name with a line break or a writing-direction mark in it could make the audit
log read as something else.
"""

import json
import re
from collections.abc import Generator, Iterator
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from litestar.dto import AbstractDTO, DTOConfig
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.typing import FieldDefinition

from server.core.errors import Invalid

__all__ = ("Strict", "decode", "explain", "plain")

T = TypeVar("T")
_AT = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<field>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"contains unknown field `([^`]+)`")
_MISSING = re.compile(r"missing required field `([^`]+)`")
_KIND = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<got>[^`]+)`")
_RANGE = re.compile(r"Expected `(?P<kind>[^`]+)` (?P<length>of length )?(?P<sign>[<>]=?) (?P<limit>\S+)")
_BYTE = re.compile(r"\(byte (\d+)\)")
_NAME_BEFORE = re.compile(rb'"([^"\\]{1,60})"\s*:\s*-?$')
_NAMES = re.compile(rb'"([^"\\]*)"\s*:')
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "null": "null",
    "object": "an object",
    "array": "a list",
    "decimal": "a number",
}


class Strict(AbstractDTO[T]):
    """Decodes a JSON body into the struct named in brackets, or raises Invalid."""

    config = DTOConfig()

    def decode_bytes(self, value: bytes) -> Any:
        return decode(value, self.model_type)

    def decode_builtins(self, value: dict[str, Any]) -> Any:
        return decode(msgspec.json.encode(value), self.model_type)

    @classmethod
    def create_for_field_definition(cls, field_definition: Any, handler_id: str, backend_cls: Any = None) -> None:
        """No transfer model: the struct itself is decoded."""

    @classmethod
    def create_openapi_schema(cls, field_definition: Any, handler_id: str, schema_creator: Any) -> Any:
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        return False

    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:
        return True


def decode(body: bytes, kind: type[T]) -> T:
    """Decode JSON strictly; raises Invalid with the path of the offending field, the limit where there is one."""
    try:
        found = msgspec.json.decode(body, type=kind, strict=True)
        _once(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise explain(error, body, kind) from None
    if body.isascii() and b"\\" not in body and b"\x7f" not in body:
        return found  # JSON texts hold no bare control characters, and nothing else in ASCII cannot be shown
    for path, text in _texts(found, ""):
        if not text.isprintable():
            odd = next(c for c in text if not c.isprintable())
            raise Invalid(
                f"{path}: the character U+{ord(odd):04X} cannot be shown.",
                code="request.text",
                field=path,
                limit="printable characters",
                value=ascii(text[:40])[1:-1],
                remedy="Leave it out and send again; nothing was stored.",
            )
    return found


def _once(body: bytes) -> None:
    """Raise Invalid when an object names a field twice: msgspec takes the last one, another program the first, and
    nobody can say which quantity was meant."""
    names = _NAMES.findall(body)
    if len(set(names)) == len(names) and b"\\" not in body:
        return  # the quick look; legs of a basket repeat names, each in an object of its own
    _pairs.decode(body.decode())


def _no_name_twice(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise Invalid(
                f"{name[:60]}: this field is sent twice.",
                code="request.twice",
                field=name[:60],
                limit="once",
                remedy="Send it once; nothing was stored.",
            )
        seen.add(name)


# numbers are passed over: msgspec has read them, and one of many digits takes long
_pairs = json.JSONDecoder(object_pairs_hook=_no_name_twice, parse_int=len, parse_float=len)


def explain(error: Exception, body: bytes = b"", kind: Any = None) -> Invalid:
    """A msgspec error in the house's shape and in plain words; `body` and `kind` are what was to be decoded."""
    match = _AT.match(str(error))
    what = match["what"] if match else str(error)
    field = (match["field"] or "") if match else ""
    if not isinstance(error, msgspec.ValidationError):
        return _not_json(what, body)
    for pattern, words in ((_UNKNOWN, "there is no such field"), (_MISSING, "this field is missing")):
        if named := pattern.search(what):
            field, what = f"{field}.{named[1]}".lstrip("."), words
    choice = what.startswith("Invalid enum value")
    what, limit, unquote = plain(what)
    remedy = "Mend this field and send again; nothing was stored."
    if unquote:
        remedy = "Send it without quotes; nothing was stored."
    elif choice and (choices := _choices(kind, field)):
        limit = ", ".join(choices)
        remedy = f"Use one of: {limit}."
    return Invalid(
        f"{field or 'The body'}: {what}.", code="request.field", field=field or "body", limit=limit, remedy=remedy
    )


def plain(what: str) -> tuple[str, str, bool]:
    """msgspec's words in plain ones, the limit in them, and whether the fault is a pair of quotes."""
    if mixed := _KIND.search(what):
        wanted = " or ".join(_WORDS.get(w.strip(), w.strip()) for w in mixed["wanted"].split("|"))
        if (mixed["wanted"].split()[0], mixed["got"]) == ("int", "float"):
            return "a whole number is wanted, one with a fraction was sent", wanted, False
        quoted = mixed["got"] == "str" and mixed["wanted"].startswith(("int", "float", "bool"))
        return f"{wanted} is wanted, {_WORDS.get(mixed['got'], mixed['got'])} was sent", wanted, quoted
    if ranged := _RANGE.search(what):
        unit = " characters" if ranged["kind"] == "str" else " entries"
        bound = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}[ranged["sign"]]
        limit = f"{bound} {ranged['limit']}{unit if ranged['length'] else ''}"
        return f"it must {'have' if ranged['length'] else 'be'} {limit}", limit, False
    return what[:1].lower() + what[1:120] + ("..." if len(what) > 120 else ""), "", False


def _not_json(what: str, body: bytes) -> Invalid:
    """The body is not JSON; where the fault is a value, its field is named (NaN and Infinity are the usual ones)."""
    place = _BYTE.search(what)
    before = body[: int(place[1])] if place else b""
    named = _NAME_BEFORE.search(before[-120:])
    field = named[1].decode("utf-8", "replace") if named else ""
    return Invalid(
        f"{field}: what follows is no JSON value." if field else f"The body is not JSON: {what}.",
        code="request.json",
        field=field or "body",
        limit="JSON, which has no NaN and no Infinity" if field else "JSON",
        remedy="Send a number without quotes, or a text in them; nothing was stored."
        if field
        else "Send a JSON object with content type application/json; nothing was stored.",
    )


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Every text in structs and lists with its path; free-form objects are the sender's own business."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name), f"{path}.{name}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _texts(item, f"{path}[{number}]")


def _choices(kind: Any, field: str) -> tuple[str, ...]:
    """The words a field may have, where it has a fixed choice."""
    for name in re.sub(r"\[[^\]]*\]", "", field).split("."):
        kind = get_type_hints(kind).get(name) if isinstance(kind, type) else None
        while get_origin(kind) in (list, tuple):
            kind = get_args(kind)[0]
    members = (kind, *get_args(kind)) if get_origin(kind) is not Literal else (kind,)
    for member in members:
        if get_origin(member) is Literal:
            return tuple(str(word) for word in get_args(member))
    return ()
