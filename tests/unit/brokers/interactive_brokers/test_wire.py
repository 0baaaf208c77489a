"""The fake gateway is strict, so that a suite over it proves what our client writes: raw sockets, byte by byte."""

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest

from tests.brokers.interactive_brokers import FakeGateway
from tests.brokers.tws_frames import GREETING, fields_of, frame, read_frame

START = frame(71, 2, 11, "")


class Raw:
    """A client that knows nothing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, *data: bytes) -> None:
        """As it is."""
        self.writer.write(b"".join(data))

    async def heard(self) -> list[str]:
        """The next message."""
        return fields_of(await asyncio.wait_for(read_frame(self.reader), 5))

    async def until(self, number: str) -> list[str]:
        """The next message of a kind."""
        while (found := await self.heard())[0] != number:
            pass
        return found

    async def ended(self) -> bool:
        """Whether the other end has hung up, after whatever it still had to say."""
        await asyncio.wait_for(self.reader.read(), 5)
        return self.reader.at_eof()


def versions(text: bytes) -> bytes:
    """The first message of a client."""
    return GREETING + struct.pack(">I", len(text)) + text


@pytest.fixture
async def gateway() -> AsyncIterator[FakeGateway]:
    """Listening."""
    made = FakeGateway()
    await made.start()
    yield made
    made.unread.clear()
    await made.stop()


@pytest.fixture
async def raw(gateway: FakeGateway) -> AsyncIterator[Raw]:
    """Connected to it, with nothing said."""
    made = Raw(*await asyncio.open_connection("127.0.0.1", gateway.gateway_port))
    yield made
    made.writer.close()


async def test_handshake_when_the_versions_meet_then_178_accounts_and_the_next_number(raw: Raw) -> None:
    raw.send(versions(b"v100..217 +PACEAPI"))
    version, time = await raw.heard()
    assert version == "178"
    assert time.endswith("America/New_York")
    raw.send(START)
    assert await raw.heard() == ["15", "1", "DU1234567"]
    assert await raw.heard() == ["9", "1", "1"]
    assert (await raw.heard())[:4] == ["4", "2", "-1", "2104"]


@pytest.mark.parametrize(
    "said", [versions(b"v100..151"), versions(b"v180..217"), versions(b"hello"), b"GET / HTTP/1.1"]
)
async def test_handshake_when_the_client_speaks_otherwise_then_hung_up_on(raw: Raw, said: bytes) -> None:
    raw.send(said)
    assert await raw.ended()


async def test_client_when_its_number_is_in_use_then_told_so_and_hung_up_on(gateway: FakeGateway, raw: Raw) -> None:
    raw.send(versions(b"v157..178"), START)
    await raw.until("9")
    second = Raw(*await asyncio.open_connection("127.0.0.1", gateway.gateway_port))
    second.send(versions(b"v157..178"), START)
    assert (await second.until("4"))[2:4] == ["-1", "326"]
    assert await second.ended()
    second.writer.close()


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (frame(3, 1, 265598, "AAPL", "STK"), "fields instead of"),
        (frame(62, 1, 5, "All"), "too few"),
        (frame(62, 1, 5, "All", "$LEDGER:ALL", "x"), "too many"),
        (frame(61, 2), "version 2"),
        (frame(99, "yes"), "neither 0 nor 1"),
        (frame("word"), "no whole number"),
        (struct.pack(">I", 3) + b"61\0"[:3], "too few"),
        (struct.pack(">I", 2) + b"61", "NUL"),
    ],
)
async def test_message_when_it_is_none_of_the_protocol_then_error_320_and_kept(
    gateway: FakeGateway, raw: Raw, message: bytes, why: str
) -> None:
    raw.send(versions(b"v157..178"), START)
    await raw.until("9")
    for _ in range(3):
        await raw.heard()
    raw.send(message)
    told = await raw.heard()
    assert told[:4] == ["4", "2", "-1", "320"] and why in told[4]
    assert why in gateway.unread[0]
    raw.send(frame(49, 1))
    assert (await raw.heard())[0] == "49", "the line goes on"


async def test_client_when_it_asks_before_it_has_started_then_hung_up_on(gateway: FakeGateway, raw: Raw) -> None:
    raw.send(versions(b"v157..178"), frame(49, 1))
    assert (await raw.until("4"))[3] == "505"
    assert await raw.ended()
    assert gateway.unread


async def test_client_when_it_sends_too_fast_then_told_so_and_at_the_third_time_hung_up_on(raw: Raw) -> None:
    raw.send(versions(b"v157..178"), START)
    await raw.until("9")
    raw.send(*[frame(49, 1)] * 60)
    codes = []
    with pytest.raises(asyncio.IncompleteReadError):
        while True:
            told = await raw.heard()
            codes += [told[3]] if told[0] == "4" and told[3] == "100" else []
    assert codes == ["100"] * 3
