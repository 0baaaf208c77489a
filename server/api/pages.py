"""Serves the app's own files: each with an ETag, a gzip twin and the right cache rule; unknown pages get the shell."""

import gzip
import hashlib
import mimetypes
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from server.core.errors import NotFound

__all__ = ("Asset", "Site")

_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".svg": "image/svg+xml"}
_PACKED = (".js", ".css", ".html", ".svg", ".json", ".webmanifest")
_NOT_PAGES = ("api/", "stream", "ws", "debug/", "test/", "docs/")
_SKIP = {"tsconfig.json", "jsconfig.json"}


class Asset(msgspec.Struct, frozen=True):
    """A file as it goes over the wire."""

    path: str
    body: bytes
    packed: bytes | None
    etag: str
    media_type: str
    stamp: int
    """Its file's time of change, nanoseconds."""


class Site:
    """The files under `web/`, read into memory once (they are small), or at each request in development."""

    def __init__(self, root: Path, *, reload: bool = False) -> None:
        self._root = root
        self._reload = reload
        self._assets: dict[str, Asset] = {}
        self._assets = self._read()

    def handlers(self) -> list[HTTPRouteHandler]:
        """Routes for the files, the list the service worker caches, and the shell."""

        @get("/precache.json", include_in_schema=False, sync_to_thread=False)
        def precache() -> Response[bytes]:
            assets = self._current()
            listed = [{"url": "/" + a.path, "hash": a.etag} for a in assets.values() if self._cached(a.path)]
            body = msgspec.json.encode({"version": self.version, "files": listed})
            return Response(body, media_type="application/json", headers={"cache-control": "no-cache"})

        # /docs has routes of its own, and the router does not come back from there to the general one
        @get(["/", "/{path:path}", "/docs/{path:path}"], include_in_schema=False, sync_to_thread=False)
        def page(request: Request[Any, Any, Any], path: FromPath[str] = "") -> Response[bytes]:
            folder = "docs/" if request.url.path.startswith("/docs/") else ""
            return self._serve(request, folder + path.strip("/"))

        return [precache, page]

    @property
    def version(self) -> str:
        """Hash over all files: changes when any of them does."""
        digest = hashlib.sha256()
        for asset in self._assets.values():
            digest.update(f"{asset.path}:{asset.etag}\n".encode())
        return digest.hexdigest()[:16]

    def _serve(self, request: Request[Any, Any, Any], path: str) -> Response[bytes]:
        assets = self._current()
        asset = assets.get(path) or assets.get(f"{path}.html")
        if asset is None:
            if path.startswith(_NOT_PAGES) or "." in path.rsplit("/", 1)[-1]:
                raise NotFound("There is nothing at this address.", remedy="/docs/api lists what there is.")
            asset = assets.get("index.html")  # a deep link into the app
            if asset is None:
                raise NotFound("The app's files are missing.", remedy="Install Sauda again.")
        headers = {"etag": f'"{asset.etag}"', "cache-control": "no-cache", "vary": "accept-encoding"}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(b"", status_code=304, headers=headers)
        body = asset.body
        if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["content-encoding"] = asset.packed, "gzip"
        return Response(body, media_type=asset.media_type, headers=headers)

    def _current(self) -> dict[str, Asset]:
        if self._reload:
            self._assets = self._read()
        return self._assets

    @staticmethod
    def _cached(path: str) -> bool:
        return path != "sw.js" and not path.startswith("docs/")

    def _read(self) -> dict[str, Asset]:
        found = {}
        for file in sorted(self._root.rglob("*")):
            path = file.relative_to(self._root).as_posix()
            if (
                not file.is_file()
                or file.name in _SKIP
                or any(p.startswith((".", "node_modules")) for p in path.split("/"))
            ):
                continue
            stamp = file.stat().st_mtime_ns
            if (known := self._assets.get(path)) is not None and known.stamp == stamp:
                found[path] = known  # development reads at each request; what did not change is not packed again
                continue
            body = file.read_bytes()
            kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            text = kind.startswith("text/") or file.suffix in _PACKED
            found[path] = Asset(
                path,
                body,
                gzip.compress(body, 9, mtime=0) if file.suffix in _PACKED else None,
                hashlib.sha256(body).hexdigest()[:20],
                f"{kind}; charset=utf-8" if text else kind,
                stamp,
            )
        return found
