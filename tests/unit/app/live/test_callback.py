"""Listening at an https address of this machine for a broker's answer."""

import asyncio
import ssl
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from server.app.live.callback import SecureCallback
from server.core.clock import ManualClock
from server.core.errors import Invalid
from tests.process import free_port

TARGET = "http://127.0.0.1:8420/connect/callback"
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@pytest.fixture
async def callback(tmp_path: Path) -> AsyncIterator[tuple[SecureCallback, ManualClock]]:
    """Not yet listening."""
    clock = ManualClock(NOW)
    made = SecureCallback(tmp_path, TARGET, clock)
    yield made, clock
    await made.close()


async def ask(address: str) -> tuple[int, str]:
    """Status and where it sends one on."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(URL(address, encoded=True), ssl=False, allow_redirects=False) as answer,
    ):
        return answer.status, answer.headers.get("Location", "")


async def test_answer_when_it_comes_then_passed_on_to_our_callback_as_it_is(
    callback: tuple[SecureCallback, ManualClock],
) -> None:
    port = free_port()
    await callback[0].open(f"https://127.0.0.1:{port}", 60)
    assert await ask(f"https://127.0.0.1:{port}/?code=C0.a%40&state=S1") == (303, f"{TARGET}?code=C0.a%40&state=S1")
    assert (await ask(f"https://127.0.0.1:{port}/other?code=1"))[0] == 404


async def test_line_when_asked_then_it_is_encrypted_under_a_certificate_for_this_machine(
    callback: tuple[SecureCallback, ManualClock], tmp_path: Path
) -> None:
    port = free_port()
    await callback[0].open(f"https://127.0.0.1:{port}/back", 60)
    trusting = ssl.create_default_context(cadata=(tmp_path / "callback.pem").read_text().split("-----BEGIN PRIV")[0])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
    writer.close()
    assert stat.S_IMODE((tmp_path / "callback.pem").stat().st_mode) == 0o600


async def test_certificate_when_there_is_one_then_it_is_used_again_and_a_damaged_one_is_not(
    callback: tuple[SecureCallback, ManualClock], tmp_path: Path
) -> None:
    address, file = f"https://127.0.0.1:{free_port()}", tmp_path / "callback.pem"
    await callback[0].open(address, 60)
    first = file.read_bytes()
    await callback[0].open(address, 60)
    assert file.read_bytes() == first
    file.write_bytes(b"-----BEGIN CERTIFICATE-----\nnothing\n")
    await callback[0].open(address, 60)
    assert file.read_bytes()[:20] == first[:20] and file.read_bytes() != first


async def test_listener_when_its_time_is_over_then_nobody_answers(
    callback: tuple[SecureCallback, ManualClock],
) -> None:
    made, clock = callback
    port = free_port()
    await made.open(f"https://127.0.0.1:{port}", 60)
    await clock.advance(61)
    with pytest.raises(aiohttp.ClientConnectorError):
        await ask(f"https://127.0.0.1:{port}/")


@pytest.mark.parametrize("address", ["https://example.com:8182", "https://127.0.0.1:99999", "https://10.0.0.1"])
async def test_address_when_it_is_no_port_of_this_machine_then_refused_in_words(
    callback: tuple[SecureCallback, ManualClock], address: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await callback[0].open(address, 60)
    assert caught.value.remedy
    assert caught.value.field == "fields.callback"


async def test_port_when_it_is_taken_then_refused_in_words(callback: tuple[SecureCallback, ManualClock]) -> None:
    async def nobody(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(nobody, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(Invalid, match=str(port)):
            await callback[0].open(f"https://127.0.0.1:{port}", 60)
