"""The way back from brokers that send their users to an https address only.

While a sign-in is under way, Sauda listens at the address registered with the broker, on this machine alone, under a
certificate of its own, and passes what comes on to its ordinary callback. The browser does not know the certificate and
says so; nothing but the one redirect is ever served there.
"""

import asyncio
import contextlib
import os
import ssl
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from server.core.clock import Clock
from server.core.errors import Invalid

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ("SecureCallback",)

_HOSTS = ("127.0.0.1", "localhost", "::1")
_LIFE = timedelta(days=365)
_OWNER_ONLY = 0o600
_REMEDY = "Register https://127.0.0.1:8182 with the broker, and write the same here."


class SecureCallback:
    """At most one listener.

    Args:
        folder: where the certificate and its key are kept (`callback.pem`, for the owner only).
        target: our ordinary callback.
    """

    def __init__(self, folder: Path, target: str, clock: Clock) -> None:
        self._file = folder / "callback.pem"
        self._target = target
        self._clock = clock
        self._runner: web.AppRunner | None = None
        self._ending: asyncio.Task[None] | None = None

    async def open(self, address: str, seconds: float) -> None:
        """Listen at `address` for a while. Raises Invalid when it is not this machine's, or its port cannot be had."""
        from aiohttp import web  # an eighth of a start's imports, and most starts connect no such broker

        parts = urlsplit(address)
        port = _port(parts)
        if parts.hostname not in _HOSTS:
            raise Invalid(
                f"{address[:80]} is not this machine: Sauda cannot take the broker's answer there.",
                code="connect.callback",
                field="fields.callback",
                remedy=_REMEDY,
            )
        await self.close()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(await asyncio.to_thread(self._certificate))
        app = web.Application()
        path = parts.path or "/"

        async def pass_on(request: web.Request) -> web.Response:
            if request.path != path:
                return web.Response(status=404)
            place = f"{self._target}?{request.rel_url.raw_query_string}"
            return web.Response(status=303, headers={"Location": place, "Cache-Control": "no-store"})

        app.router.add_get("/{tail:.*}", pass_on)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, parts.hostname, port, ssl_context=context).start()
        except OSError as error:
            await runner.cleanup()
            raise Invalid(
                f"Sauda cannot listen at port {port} of this machine ({error.strerror or error}).",
                code="connect.callback",
                field="fields.callback",
                remedy=_REMEDY,
            ) from None
        self._runner = runner
        self._ending = asyncio.create_task(self._end(seconds), name="connect:callback")

    async def close(self) -> None:
        """Stop listening."""
        ending, self._ending = self._ending, None
        if ending is not None and ending is not asyncio.current_task():
            ending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ending
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _end(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        await self.close()

    def _certificate(self) -> Path:
        """The file with certificate and key, made where there is none that is valid."""
        now = self._clock.now()
        if not self._file.exists() or not _valid(self._file.read_bytes(), now):
            spare = self._file.with_suffix(".new")
            with os.fdopen(os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY), "wb") as out:
                out.write(_made(now))
            spare.replace(self._file)
        return self._file


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or 443
    except ValueError:
        raise Invalid(
            "The callback URL has a port that is none.",
            code="connect.callback",
            field="fields.callback",
            remedy=_REMEDY,
        ) from None


def _valid(pem: bytes, now: datetime) -> bool:
    from cryptography import x509

    try:
        ends = x509.load_pem_x509_certificate(pem).not_valid_after_utc
    except ValueError:
        return False
    return ends > now + timedelta(days=1)


def _made(now: datetime) -> bytes:
    """A key and a certificate that it signed itself, for this machine's own addresses."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sauda on this machine")])
    names = [x509.DNSName("localhost"), *(x509.IPAddress(ip_address(one)) for one in ("127.0.0.1", "::1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + private
