"""Strict request bodies: `"quantity": "5"`, unknown fields and NaN are errors, and each error names its field.

Litestar decodes JSON leniently (a string for an integer passes); orders cannot afford that. A handler says
`dto=Strict[OrderRequest]` and gets a struct decoded by msgspec alone; the OpenAPI schema is the struct's own.
"""

import re
from collections.abc import Generator
from typing import Any, TypeVar

import msgspec
from litestar.dto import AbstractDTO, DTOConfig
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.typing import FieldDefinition

from server.core.errors import Invalid

__all__ = ("Strict", "decode", "explain")

T = TypeVar("T")
_AT = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<field>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"contains unknown field `([^`]+)`")
_MISSING = re.compile(r"missing required field `([^`]+)`")


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
    """Decode JSON strictly; raises Invalid with the path of the offending field."""
    try:
        return msgspec.json.decode(body, type=kind, strict=True)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise explain(error) from None


def explain(error: Exception) -> Invalid:
    """A msgspec error in the house's shape."""
    match = _AT.match(str(error))
    what = match["what"] if match else str(error)
    field = (match["field"] or "") if match else ""
    for pattern in (_UNKNOWN, _MISSING):
        if named := pattern.search(what):
            field = f"{field}.{named[1]}".lstrip(".")
    if not isinstance(error, msgspec.ValidationError):
        return Invalid(
            f"The body is not JSON: {what}",
            code="request.json",
            remedy="Send a JSON object with content type application/json.",
        )
    return Invalid(
        f"{field}: {what}" if field else what,
        code="request.field",
        field=field,
        remedy="Mend this field and send again; nothing was stored.",
    )
