"""What commands ask of a server that runs on the data folder already."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import msgspec

from server.core.errors import Unavailable

__all__ = ("ask",)


def ask(
    url: str, method: str = "GET", body: bytes | Iterator[bytes] | None = None, headers: dict[str, str] | None = None
) -> Any:
    """Decoded answer of our own server; raises Unavailable with its words when it refuses or does not answer."""
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        url, data=body, headers=headers or {}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
            text = answer.read()
            return msgspec.json.decode(text) if text else None
    except urllib.error.HTTPError as error:
        with error:
            problem = msgspec.json.decode(error.read())
        raise Unavailable(str(problem.get("detail", error)), remedy=str(problem.get("remedy", ""))) from None
    except OSError as error:
        raise Unavailable(
            f"The running server did not answer: {error}", remedy="Try again, or stop it first."
        ) from None
