"""Settings of the option engines: taken, or refused in words while the app goes on."""

import asyncio
from collections.abc import Iterator

import pytest

from server.app.computing import Computing
from server.app.settings import Options
from server.options import device, engine


@pytest.fixture(autouse=True)
def automatic() -> Iterator[None]:
    yield
    engine.use("auto")
    device.use("off")


async def run(settings: Options, notices: int) -> list[str]:
    """What a start with these settings says, once it has said so much."""
    said: list[str] = []
    enough = asyncio.Event()

    def notice(_: str, text: str) -> None:
        said.append(text)
        enough.set()

    task = asyncio.create_task(Computing(settings, notice).run(lambda: None if notices else enough.set()))
    await asyncio.wait_for(enough.wait(), 30)
    # the part goes on for ever once all is settled
    assert not task.done()
    task.cancel()
    return said


async def test_computing_when_numpy_is_forced_then_nothing_is_compiled() -> None:
    assert await run(Options(engine="numpy", device="off"), 0) == []
    assert engine.active() == "numpy"
    assert engine.state() == "off"


async def test_computing_when_a_device_is_missing_then_a_notice_and_the_processor() -> None:
    if "NPU" in device._accelerators():
        pytest.skip("not run: this machine has an NPU")
    said = await run(Options(device="npu"), 1)
    assert len(said) == 1
    assert "The processor computes instead." in said[0]
    assert device.active() == "float64"


async def test_computing_when_the_compiler_is_missing_then_a_notice_and_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_present", lambda: False)
    said = await run(Options(engine="numba", device="off"), 1)
    assert len(said) == 1
    assert "NumPy computes instead." in said[0]
