"""Whatever a client sends, it is answered or closed with a reason, and the next client is served."""

import os
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.api.stream_kit import Desk

LONG = os.environ.get("SAUDA_LONG") == "1"
EXAMPLES = 2_000 if LONG else 60

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=12,
)
keys = st.lists(
    st.sampled_from(["NSE:RELIANCE", "NSE_INDEX:NIFTY", "NSE:X", "", "A" * 70]) | st.text(max_size=9), max_size=6
)
series = st.lists(
    st.fixed_dictionaries(
        {"key": st.sampled_from(["NSE:RELIANCE", "x"]), "interval": st.sampled_from(["1s", "1m", "1M", "9q"])}
    ),
    max_size=4,
)
fields = st.fixed_dictionaries(
    {"op": st.sampled_from(["hello", "watch", "depth", "bars", "rate", "ping", "action", ""])},
    optional={
        "v": st.just(1) | scalars,
        "since": st.integers(-2, 5) | scalars,
        "boot": st.just("boot-1") | scalars,
        "market": st.just("sim") | scalars,
        "keys": keys | anything,
        "series": series | anything,
        "hz": st.floats(-1, 100) | scalars,
        "t": scalars,
    },
)
actions = st.fixed_dictionaries(
    {"action": st.sampled_from(["subscribe", "unsubscribe", "rate", "ping", "x"])},
    optional={
        "channels": st.lists(
            st.sampled_from(["orders", "quotes:NSE:RELIANCE", "bars:5s:NSE:RELIANCE", "depth:", "bars:"])
            | st.text(max_size=20),
            max_size=6,
        )
        | anything,
        "market": st.just("sim") | scalars,
        "hz": st.floats(0, 30) | scalars,
    },
)


def message(of: st.SearchStrategy[Any]) -> st.SearchStrategy[str | bytes]:
    encoded = of.map(lambda value: msgspec.json.encode(value, enc_hook=str).decode("utf-8", "replace"))
    cut = st.tuples(encoded, st.integers(0, 60)).map(lambda pair: pair[0][: pair[1]])
    return encoded | encoded | cut | st.text(max_size=200) | st.binary(max_size=64)


async def _converse(messages: list[str | bytes], *, script: bool) -> None:
    async with Desk.open() as desk:
        client = await (desk.script() if script else desk.app())
        if not script:
            await client.hello()
        for text in messages:
            await client.raw(text)
            await desk.clock.advance(0.1)
        if client.wire.closed is not None:
            assert client.wire.closed[0] in (4400, 4429)
            assert client.texts("problem"), "closed without saying why"
            assert client.task.done()
        else:
            assert not client.task.done()
        other = await desk.app()
        assert (await other.hello())["type"] == "welcome"
        assert desk.server.stats().clients >= 1


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(message(fields), max_size=6))
async def test_app_stream_when_anything_is_sent_then_answered_or_closed_with_a_reason(
    messages: list[str | bytes],
) -> None:
    await _converse(messages, script=False)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(message(actions), max_size=6))
async def test_script_stream_when_anything_is_sent_then_answered_or_closed_with_a_reason(
    messages: list[str | bytes],
) -> None:
    await _converse(messages, script=True)
