"""Alice Blue's sockets: prices as Noren tells them, after a socket session was made over REST; orders on another."""

import hashlib

from server.brokers.aliceblue.http import AliceHttp
from server.brokers.noren.parse import Noren
from server.brokers.noren.stream import NorenStream
from server.core.errors import Unauthorised

__all__ = ("alice_stream",)


def alice_stream(side: AliceHttp) -> NorenStream:
    """The price socket of one account."""

    async def hello() -> dict[str, str]:
        session = side.http.context.session
        if session is None:
            raise Unauthorised("Alice Blue is not signed in.", code="broker.session", remedy="Sign in again.")
        asked = {"source": "API", "userId": side.user}
        await side.read("stream", "/profile/invalidateWsSess", asked)
        await side.read("stream", "/profile/createWsSess", asked)
        once = hashlib.sha256(session.access_token.encode()).hexdigest()
        name = f"{side.user}_API"
        return {
            "t": "c",
            "susertoken": hashlib.sha256(once.encode()).hexdigest(),
            "actid": name,
            "uid": name,
            "source": "API",
        }

    return NorenStream(side.http, Noren(side.http.manifest.name), hello, beat='{"k":"","t":"h"}')
