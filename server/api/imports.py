"""Imports: hand a file of market data over, follow how far it is, read what was taken, repaired and refused."""

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body, FromPath

from server.api.recordings import Imports
from server.api.wire import Page
from server.core.errors import Invalid
from server.domain.recordings import ImportJob

__all__ = ("MAX_UPLOAD", "import_handlers")

MAX_UPLOAD = 300_000_000
"""Bytes of one upload, packed or not."""
_PART = 1_000_000


class Upload(msgspec.Struct):
    """A multipart body with one file."""

    file: UploadFile


class ImportWire(msgspec.Struct, frozen=True):
    """One import."""

    import_: ImportJob = msgspec.field(name="import")


def import_handlers(imports: Imports) -> list[HTTPRouteHandler]:
    """The routes over one import service."""

    @post(
        "/api/v1/imports",
        tags=["Imports"],
        summary="Import a file of market data",
        status_code=202,
        request_max_body_size=MAX_UPLOAD,
    )
    async def accept(data: Annotated[Upload, Body(media_type=RequestEncodingType.MULTI_PART)]) -> ImportWire:
        """Multipart, one file in the field `file`: CSV, gzip, or a zip of one CSV. Follow it by its id."""
        file = data.file
        if not file.filename:
            raise Invalid("The file has no name.", code="import.name", field="file", remedy="Send it with its name.")
        return ImportWire(await imports.accept(file.filename, _parts(file)))

    @get("/api/v1/imports", tags=["Imports"], summary="Imports, newest first")
    async def listed() -> Page[ImportJob]:
        """Those waiting and under way, then those done, each with its report."""
        return Page(await imports.all())

    @get("/api/v1/imports/{job:str}", tags=["Imports"], summary="One import")
    async def one(job: FromPath[str]) -> ImportWire:
        """How far it is, or its report: rows taken, repaired, refused, each fault with an example."""
        return ImportWire(await imports.one(job))

    return [accept, listed, one]


async def _parts(file: UploadFile) -> AsyncIterator[bytes]:
    while part := await file.read(_PART):
        yield part
