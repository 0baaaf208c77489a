"""How Alice Blue wants to be called: a bearer session, JSON out and in; refusals are codes inside HTTP 200.

A wrong path answers 200 with the page of its web app: that is no answer, and no parser takes it for one.
"""

from server.brokers.aliceblue.parse import PARSERS, is_empty
from server.brokers.kit.http import Call, Http
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.core.errors import Invalid
from server.domain.brokerage import Refusal

__all__ = ("AliceHttp",)

_ROOT = "/open-api/od/v1"


class AliceHttp:
    """Calls of one account."""

    def __init__(self, context: Context, manifest: Manifest) -> None:
        def headers() -> dict[str, str]:
            token = context.session.access_token if context.session is not None else ""
            return {"Authorization": f"Bearer {token}"} if token else {}

        self.http = Http(context, manifest, PARSERS["error"], headers)

    @property
    def user(self) -> str:
        """The client code."""
        session = self.http.context.session
        return session.user if session is not None else ""

    async def command(self, name: str, path: str, body: object, *, always: bool = False) -> bytes:
        """An order command, sent once; a refusal inside a success is judged as one."""
        call = Call(name=name, method="POST", path=f"{_ROOT}{path}", group="orders", json=body)
        answer = await self.http.order(call, always=always)
        refusal = self._refusal(answer)
        if refusal is not None:
            raise self.http.proof(refusal)
        return answer

    async def read(self, name: str, path: str, body: object = None, *, group: str = "default") -> bytes:
        """A read; codes that mean `nothing found` are answers, others are errors of our tree."""
        whole = path if path.startswith("/open-api") else f"{_ROOT}{path}"
        call = Call(name=name, method="GET" if body is None else "POST", path=whole, group=group, json=body)
        answer = await self.http.read(call)
        refusal = self._refusal(answer)
        if refusal is not None and not is_empty(refusal):
            self.http.raise_refusal(refusal)
        return answer

    def _refusal(self, body: bytes) -> Refusal | None:
        if body.lstrip()[:1] not in (b"{", b"E", b'"'):
            return None
        try:
            found: Refusal = PARSERS["error"](body)
        except Invalid:
            return None
        return found
