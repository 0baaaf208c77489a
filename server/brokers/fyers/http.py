"""How FYERS wants to be called: app id and token in one header, JSON out; an answer with HTTP 200 can be an error."""

import msgspec

from server.brokers.fyers.parse import PARSERS
from server.brokers.kit.http import Call, Http
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context

__all__ = ("FyersHttp", "fyers_http")


class _State(msgspec.Struct):
    s: str = "ok"
    id: str | int | None = None


_state = msgspec.json.Decoder(_State)


class FyersHttp(Http):
    """Looks into every answer for `s`."""

    async def fetch(self, call: Call) -> bytes:
        """As `read`; an error inside a success is raised as one."""
        body = await self.read(call)
        if _says_error(body):
            self.raise_refusal(PARSERS["error"](body))
        return body

    async def command(self, call: Call, *, always: bool = False) -> bytes:
        """As `order`; an error inside a success is judged by what it proves, unless an order id comes with it."""
        body = await self.order(call, always=always)
        if _says_error(body) and not _state.decode(body).id:
            raise self.proof(PARSERS["error"](body))
        return body


def _says_error(body: bytes) -> bool:
    try:
        return _state.decode(body).s not in ("ok", "no_data")
    except msgspec.DecodeError:
        return False  # the parser says what is wrong with it


def fyers_http(context: Context, manifest: Manifest) -> FyersHttp:
    """The HTTP side of one account."""

    def headers() -> dict[str, str]:
        token = context.session.access_token if context.session is not None else ""
        signed = {"Authorization": f"{context.credentials.get('app_id', '')}:{token}"} if token else {}
        return {"version": "3", **signed}

    return FyersHttp(context, manifest, PARSERS["error"], headers)
