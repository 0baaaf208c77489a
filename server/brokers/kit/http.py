"""The HTTP side of a broker: one session an account, and three ways to ask.

`read` repeats after a pause what may be repeated, `ask` asks once (sign-in), `order` sends exactly once and sorts what
comes back by proof: a refusal in so many words is `NotAccepted`, everything else that is no success is `Unknown`
(laws 2 and 3). Nothing an error says holds a key, a token or an address with its query.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NoReturn

import aiohttp
import msgspec
from yarl import URL

from server.brokers.kit.breaker import Breaker
from server.brokers.kit.limits import Limiter
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, Usage
from server.core.errors import Invalid, NotFound, RateLimited, SaudaError, Unauthorised, Unavailable, Unknown
from server.domain.brokerage import Refusal
from server.orders.ports import NotAccepted

__all__ = ("Answer", "Call", "Http")

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_MOST_BODY = 16 * 1024 * 1024
_MOST_WAIT = 5.0
_PROVEN = frozenset({"auth", "input", "order", "funds", "permission", "rate", "not_found"})
_SHORT = 6
"""Credentials shorter than this are not blanked out of messages: they would blank out words."""
_GATEWAY = frozenset({408, 425, 499})

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call to a broker."""

    name: str
    """As in PARSERS: place, orders, quotes."""
    method: Method
    path: str
    """Below the address; already quoted where `quoted`."""
    group: str = "default"
    """Endpoint group of the manifest's limits."""
    address: str = "rest"
    """Name of the address in the manifest, or a whole one."""
    query: Sequence[tuple[str, str]] = ()
    form: Mapping[str, str] | None = None
    json: Any = None
    text: str | None = None
    """A body as it is, for brokers with a form of their own."""
    headers: Mapping[str, str] = {}
    quoted: bool = False
    anonymous: bool = False
    """Without the account's headers: public files."""
    most: int = _MOST_BODY


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes
    retry_after: float = 0.0
    location: str = ""
    """The Location header: where some brokers write a new order's number."""


class _NoAnswer(Exception):
    """Nothing readable came back; `sent` False proves that no byte of the call went out."""

    def __init__(self, what: str, *, sent: bool) -> None:
        super().__init__(what)
        self.what = what
        self.sent = sent


class Http:
    """Calls of one account.

    Args:
        refusal: the broker's error parser, `PARSERS["error"]`; raises Invalid where the body is no error of its kind.
        headers: what signs every call; asked anew each time.
    """

    order_timeout = 5.0
    read_timeout = 10.0
    file_timeout = 60.0
    connect_timeout = 3.0
    tries = 3
    """Of a read."""
    pause = 0.25
    """Seconds before a read's second try; doubled for each further one."""

    def __init__(
        self,
        context: Context,
        manifest: Manifest,
        refusal: Callable[[bytes], Refusal],
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self.context = context
        self.manifest = manifest
        self.limiter = Limiter(context.clock, manifest)
        self.breaker = Breaker(context.clock)
        self._refusal = refusal
        self._headers = headers
        self._session: aiohttp.ClientSession | None = None
        self._away = False
        self.back = asyncio.Event()
        """Set, and replaced by a new one, when the broker answers again after it gave no answer."""
        self._chance = random.Random()  # noqa: S311 - spreads retries, hides nothing

    async def open(self) -> None:
        """Make the session; no byte goes out."""
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True)
            # the library sends PUT and DELETE again by itself when a kept connection turns out dead; we decide that
            self._session._retry_connection = False

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open session, for sockets too."""
        if self._session is None:
            raise Unavailable(f"{self.manifest.title} is not connected.", code="broker.closed")
        return self._session

    def address(self, name: str) -> str:
        """A service's address, as overridden for a fake or as the manifest has it."""
        found = self.context.base.get(name) or self.manifest.addresses.get(name, name)
        return found.rstrip("/")

    # three ways to ask

    async def read(self, call: Call) -> bytes:
        """The body of a 2xx; repeated while the broker is unavailable. Raises Unauthorised, RateLimited, Unavailable,
        NotFound or Invalid."""
        wait = self.pause
        for left in reversed(range(self.tries)):
            try:
                return await self.ask(call)
            except (Unavailable, RateLimited) as error:
                after = error.retry_after if isinstance(error, RateLimited) else 0.0
                if left == 0 or after > _MOST_WAIT or error.code == "broker.resting":
                    raise
                await self.context.clock.sleep(max(after, wait * self._chance.uniform(0.5, 1.5)))
                wait *= 2
        raise AssertionError("unreachable")  # pragma: no cover

    async def ask(self, call: Call) -> bytes:
        """The body of a 2xx, asked once; raises as `read`."""
        await self.limiter.enter(call.group, _MOST_WAIT)
        self._enter_breaker()
        try:
            answer = await self._send(call, self._patience(call))
        except _NoAnswer as error:
            raise self._unavailable(call, error.what) from None
        if not 200 <= answer.status < 300:
            self._raise(call, answer)
        return answer.body

    async def order(self, call: Call, *, always: bool = False) -> bytes:
        """Send an order command once; the body of a 2xx. Raises as `submit`."""
        return (await self.submit(call, always=always)).body

    async def submit(self, call: Call, *, always: bool = False) -> Answer:
        """Send an order command once; the whole answer of a 2xx, for brokers that say much in status and headers.

        Raises NotAccepted on proof that it was refused or never left this machine, Unknown for everything else.
        `always` lets it out though the broker rests after failures: a cancel is worth a try."""
        title = self.manifest.title
        try:
            await self.limiter.enter(call.group, 2.0)
        except RateLimited as error:
            raise NotAccepted(f"Not sent: {error.detail} {error.remedy}", error.code) from None
        if not self.breaker.enter() and not always:
            raise NotAccepted(
                f"{title} has failed repeatedly; not sent. Next try in {self.breaker.wait_for():.0f} s.",
                "broker.resting",
            )
        try:
            answer = await self._send(call, self.order_timeout)
        except _NoAnswer as error:
            if not error.sent:
                raise NotAccepted(f"{title} could not be reached; nothing was sent.", "broker.unreached") from None
            raise self._unknown(call, error.what) from None
        if 200 <= answer.status < 300:
            return answer
        raise self._judged(call, answer)

    # judging answers

    def _judged(self, call: Call, answer: Answer) -> NotAccepted | Unknown:
        """What an answer that is no success proves about an order command."""
        refusal = self._read_refusal(answer)
        if answer.status == 429:
            self.limiter.hold(call.group, answer.retry_after or 1.0)
        definite = 400 <= answer.status < 500 and answer.status not in _GATEWAY
        if refusal is not None and definite and not refusal.fate_unknown and refusal.kind in _PROVEN:
            return NotAccepted(self.clean(refusal.message) or "The broker gave no reason.", refusal.code)
        if refusal is None:
            return self._unknown(call, f"HTTP {answer.status} without a readable reason")
        return self._unknown(call, f"HTTP {answer.status}: {self.clean(refusal.message)}")

    def proof(self, refusal: Refusal) -> NotAccepted | Unknown:
        """The same for a refusal that came inside a success."""
        if not refusal.fate_unknown and refusal.kind in _PROVEN:
            return NotAccepted(self.clean(refusal.message) or "The broker gave no reason.", refusal.code)
        return Unknown(f"{self.manifest.title}: {self.clean(refusal.message)}", code="broker.fate_unknown")

    def raise_refusal(self, refusal: Refusal, status: int = 200, retry_after: float = 0.0) -> NoReturn:
        """Raise the error of our tree for a refusal of a read or a sign-in."""
        title, said = self.manifest.title, self.clean(refusal.message)
        match refusal.kind:
            case "auth":
                raise Unauthorised(
                    f"{title} does not accept the session: {said}",
                    code="broker.session",
                    remedy="Sign in again on the Connect page.",
                )
            case "permission":
                raise Unauthorised(
                    f"{title} refuses this to the account: {said}",
                    code="broker.permission",
                    remedy="Ask the broker for the right, or use another account.",
                )
            case "rate":
                raise RateLimited(
                    f"{title} says that it was asked too often.",
                    retry_after=retry_after or 1.0,
                    code="broker.limit",
                    remedy="It is asked again after a pause.",
                )
            case "not_found":
                raise NotFound(f"{title}: {said}", code="broker.not_found")
            case "network":
                raise self._fail(f"{title} is in trouble: {said}")
            case _ if status >= 500:
                raise self._fail(f"{title} is in trouble (HTTP {status}): {said}")
            case _:
                raise Invalid(f"{title}: {said}", code=f"broker.{refusal.kind}", broker=self.manifest.name)

    def clean(self, text: str) -> str:
        """A broker's words without any secret of this account, cut to a sentence."""
        session = self.context.session
        secrets = [*self.context.credentials.values()]
        if session is not None:
            secrets += [session.access_token, session.refresh_token, session.feed_token]
        for secret in sorted(secrets, key=len, reverse=True):
            if len(secret) >= _SHORT:
                text = text.replace(secret, "…")
        return " ".join(text.split())[:300]

    def _raise(self, call: Call, answer: Answer) -> NoReturn:
        refusal = self._read_refusal(answer)
        if answer.status == 429:
            self.limiter.hold(call.group, answer.retry_after or 1.0)
            refusal = Refusal(kind="rate", code="429", message="")
        if refusal is None:
            if answer.status in (401, 403):
                refusal = Refusal(kind="auth", code=str(answer.status), message=f"HTTP {answer.status}")
            elif answer.status == 404:
                refusal = Refusal(kind="not_found", code="404", message="there is no such thing")
            elif answer.status >= 500:
                raise self._unavailable(call, f"HTTP {answer.status}")
            else:
                refusal = Refusal(kind="input", code=str(answer.status), message=f"HTTP {answer.status}")
        self.raise_refusal(refusal, answer.status, answer.retry_after)

    def _read_refusal(self, answer: Answer) -> Refusal | None:
        try:
            return self._refusal(answer.body)
        except Invalid:
            return None

    def _fail(self, text: str) -> Unavailable:
        return Unavailable(text, code="broker.unavailable", remedy="It is tried again by itself.")

    def _unavailable(self, call: Call, what: str) -> Unavailable:
        return self._fail(f"{self.manifest.title} gave no answer to {call.name} ({what}).")

    def _unknown(self, call: Call, what: str) -> Unknown:
        return Unknown(
            f"{self.manifest.title} gave no clear answer to {call.name} ({what}).",
            code="broker.no_answer",
            remedy="The order is being looked up. Do not send it again.",
        )

    def _enter_breaker(self) -> None:
        if not self.breaker.enter():
            raise Unavailable(
                f"{self.manifest.title} has failed repeatedly and is left alone.",
                code="broker.resting",
                remedy=f"It is tried again in {self.breaker.wait_for():.0f} s.",
            )

    def _patience(self, call: Call) -> float:
        return self.file_timeout if call.most > _MOST_BODY else self.read_timeout

    # the wire

    async def _send(self, call: Call, patience: float) -> Answer:
        clock, at = self.context.clock, self.context.clock.now()
        started, status, problem = clock.monotonic(), 0, ""
        try:
            answer = await self._exchange(call, patience)
            status = answer.status
        except asyncio.CancelledError:
            problem = "given up"
            self.breaker.fail()
            raise
        except _NoAnswer as error:
            problem = error.what
            self.breaker.fail()
            self._away = True
            raise
        else:
            if self._away:
                self._away = False
                self.back.set()
                self.back = asyncio.Event()
            if status >= 500:
                self.breaker.fail()
                problem = f"HTTP {status}"
            else:
                self.breaker.succeed()
            return answer
        finally:
            self.context.used(
                Usage(
                    account=self.context.account,
                    broker=self.manifest.name,
                    endpoint=call.group,
                    call=call.name,
                    status=status,
                    seconds=clock.monotonic() - started,
                    at=at,
                    left=self.limiter.left(call.group),
                    problem=problem,
                )
            )

    async def _exchange(self, call: Call, patience: float) -> Answer:
        url = URL(self.address(call.address) + call.path, encoded=call.quoted)
        if call.query:
            url = url.extend_query(call.query)
        headers = dict(call.headers) if call.anonymous else {**self._headers(), **call.headers}
        data: Any = call.form if call.text is None else call.text.encode()
        if call.json is not None:
            data = _ENCODER.encode(call.json)
            headers["Content-Type"] = "application/json"
        timeout = aiohttp.ClientTimeout(total=patience, sock_connect=min(patience, self.connect_timeout))
        try:
            async with self.session.request(
                call.method, url, data=data, headers=headers, timeout=timeout, allow_redirects=call.anonymous
            ) as response:
                body = await _body(response, call.most)
                head = response.headers
                retry = _retry_after(head.get("Retry-After", ""))
                return Answer(response.status, body, retry, head.get("Location", ""))
        except SaudaError:
            raise
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _NoAnswer(_word(error), sent=False) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise _NoAnswer(_word(error), sent=True) from None


async def _body(response: aiohttp.ClientResponse, most: int) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_chunked(256 * 1024):
        size += len(part)
        if size > most:
            raise _NoAnswer(f"an answer of more than {most // 1024 // 1024} MB", sent=True)
        parts.append(part)
    return b"".join(parts)


def _retry_after(text: str) -> float:
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() and len(text) < 9 else 0.0


def _word(error: BaseException) -> str:
    """What happened, without what the library's own text may carry (addresses with tokens in their query)."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "no connection"
    if isinstance(error, (aiohttp.ServerDisconnectedError, ConnectionResetError, aiohttp.ClientOSError)):
        return "connection cut"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "half an answer"
    return type(error).__name__
