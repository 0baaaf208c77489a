"""Hostile frames on /stream and /ws: closed with a reason, the server unharmed."""

import pytest

from tests.unit.api.stream_kit import Client, Desk

SHARE = "NSE:RELIANCE"

BAD = [
    "",
    "{",
    "null",
    "[]",
    '"hello"',
    "{}",
    '{"op":"watch"}',
    '{"op":"nothing"}',
    '{"op":"watch","market":"sim","keys":"NSE:RELIANCE"}',
    '{"op":"watch","market":"sim","keys":[1]}',
    '{"op":"watch","market":"sim","keys":[""]}',
    '{"op":"watch","market":"sim","keys":["' + "A" * 65 + '"]}',
    '{"op":"watch","market":"sim","keys":[],"extra":1}',
    '{"op":"rate","hz":0}',
    '{"op":"rate","hz":61}',
    '{"op":"rate","hz":"20"}',
    '{"op":"rate","hz":NaN}',
    '{"op":"rate","hz":1e999}',
    '{"op":"ping","t":1e300}',
    '{"op":"bars","market":"sim","series":[{"key":"NSE:RELIANCE","interval":"7m"}]}',
    '{"op":"depth","market":"sim","keys":[' + ",".join(['"A"'] * 21) + "]}",
    '{"op":"hello","v":1}',
    "[" * 100_000,
    "\ud800",
    '{"op":"watch","market":"' + "x" * 40 + '","keys":[]}',
]


async def assert_refused(client: Client, code: int) -> None:
    problem = client.texts("problem")[0]
    assert problem["status"] in (400, 429) and problem["code"].startswith(("stream.", "bars."))
    assert problem["detail"]
    assert client.wire.closed is not None and client.wire.closed[0] == code
    assert client.wire.closed[1]
    other = await client.desk.app()
    assert (await other.hello())["type"] == "welcome"


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
async def test_app_stream_when_a_message_is_bad_then_problem_and_4400(text: str) -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        await client.raw(text)
        await assert_refused(client, 4400)


@pytest.mark.parametrize("first", ['{"op":"ping"}', '{"op":"watch","market":"sim","keys":[]}', '{"op":"hello","v":2}'])
async def test_app_stream_when_the_first_message_is_no_hello_then_4400(first: str) -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.raw(first)
        await assert_refused(client, 4400)


async def test_app_stream_when_binary_is_sent_then_4400() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        await client.raw(b"\x01\x01\x00\x00")
        await assert_refused(client, 4400)
        assert client.texts("problem")[0]["code"] == "stream.binary"


async def test_app_stream_when_a_message_is_huge_then_4400() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        await client.raw("x" * 300_000)
        await assert_refused(client, 4400)
        assert client.texts("problem")[0]["limit"] == "262144"


async def test_app_stream_when_messages_flood_then_4429() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        for _ in range(100):
            client.wire.inbox.put_nowait('{"op":"ping","t":1}')
        for _ in range(20):
            await desk.clock.advance(0)
        await assert_refused(client, 4429)


async def test_app_stream_when_the_most_keys_are_sent_then_they_are_taken() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        await client.say(op="watch", market="sim", keys=["NFO:" + "X" * 55 + f"{i:05}" for i in range(2_000)])
        assert len(client.texts("map")[0]["unknown"]) == 2_000
        await client.say(op="watch", market="sim", keys=[SHARE] * 2_001)
        await assert_refused(client, 4400)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"action":"subscribe","channels":"orders"}',
        '{"action":"trade"}',
        '{"action":"subscribe","channels":["orders"],"extra":true}',
        '{"action":"rate","hz":1000}',
        '{"action":"subscribe","channels":[' + ",".join(['"orders"'] * 501) + "]}",
    ],
)
async def test_script_stream_when_a_message_is_bad_then_problem_and_4400(text: str) -> None:
    async with Desk.open() as desk:
        client = await desk.script()
        await client.raw(text)
        assert client.texts("problem")[0]["data"]["code"].startswith("stream.")
        assert client.wire.closed is not None and client.wire.closed[0] == 4400
