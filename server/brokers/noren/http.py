"""How a Noren back end wants to be called: every call a POST of `jData={...}&jKey=token`, refusals inside HTTP 200."""

import msgspec

from server.brokers.kit.http import Call, Http
from server.brokers.noren.parse import Noren
from server.core.errors import Invalid
from server.domain.brokerage import Refusal

__all__ = ("NorenHttp",)


class NorenHttp:
    """Calls of one account over an `Http`."""

    def __init__(self, http: Http, noren: Noren) -> None:
        self.http = http
        self.noren = noren

    @property
    def user(self) -> str:
        """The account's code; user and account are the same for a client."""
        session = self.http.context.session
        return session.user if session is not None else ""

    def call(self, name: str, path: str, values: dict[str, object], group: str = "default") -> Call:
        """A call; the user is named in each."""
        session = self.http.context.session
        data = msgspec.json.encode({"uid": self.user, "actid": self.user, **values}).decode()
        # an ampersand would end the field: M&M-EQ goes out as M%26M-EQ
        text = f"jData={data.replace('&', '%26')}&jKey={session.access_token if session is not None else ''}"
        return Call(name=name, method="POST", path=f"/{path}", group=group, text=text)

    async def command(self, name: str, path: str, values: dict[str, object], *, always: bool = False) -> bytes:
        """An order command, sent once; a refusal inside a success is judged as one."""
        body = await self.http.order(self.call(name, path, values, "orders"), always=always)
        refusal = self._refusal(body)
        if refusal is not None:
            raise self.http.proof(refusal)
        return body

    async def read(self, name: str, path: str, values: dict[str, object], group: str = "default") -> bytes:
        """A read; `no data` is an answer, other refusals are errors of our tree."""
        body = await self.http.read(self.call(name, path, values, group))
        refusal = self._refusal(body)
        if refusal is not None and "no data" not in refusal.message.lower():
            self.http.raise_refusal(refusal)
        return body

    def _refusal(self, body: bytes) -> Refusal | None:
        if b"Not_Ok" not in body[:4096] or body.lstrip()[:1] != b"{":
            return None
        try:
            return self.noren.error(body)
        except Invalid:
            return None
