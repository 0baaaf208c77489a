"""Flattrade's socket: signs in with `accesstoken`, and carries order updates beside prices."""

from collections.abc import Callable

from server.brokers.noren.http import NorenHttp
from server.brokers.noren.stream import NorenStream
from server.core.errors import Unauthorised
from server.domain.brokerage import Event

__all__ = ("flattrade_stream",)


def flattrade_stream(noren: NorenHttp, on_order: Callable[[Event], None]) -> NorenStream:
    """The socket of one account."""

    async def hello() -> dict[str, str]:
        session = noren.http.context.session
        if session is None:
            raise Unauthorised("Flattrade is not signed in.", code="broker.session", remedy="Sign in again.")
        return {
            "t": "a",
            "uid": noren.user,
            "actid": noren.user,
            "source": "API",
            "accesstoken": session.access_token,
        }

    return NorenStream(noren.http, noren.noren, hello, orders=lambda: noren.user, on_order=on_order)
