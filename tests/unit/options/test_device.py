"""Greeks on the device: the graph on this processor beside the exact formulas, and devices that are not there."""

import threading
from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
import pytest

from server.core.errors import Invalid, Unavailable
from server.core.paths import bundled
from server.options import codes, device, greeks
from server.options.sensitivity import NAMES
from tests.options_reference import batch

pytestmark = pytest.mark.skipif(find_spec("openvino") is None, reason="not run: the extra `device` is not installed")
ORDER = ("S", "K", "T", "r", "sigma", "flag")


@pytest.fixture(scope="module")
def graph() -> device.DeviceGreeks:
    return device.DeviceGreeks(bundled("models") / "greeks/model.xml", "CPU", threads=1)


@pytest.fixture(autouse=True)
def off() -> Iterator[None]:
    yield
    device.use("off")


@pytest.mark.parametrize("q", [0.0, 0.02])
def test_greeks_when_computed_by_the_graph_then_within_a_millionth_of_the_groups_maximum(
    graph: device.DeviceGreeks, q: float
) -> None:
    rows = batch(31, 1500)
    exact, found = (g(*(rows[n] for n in ORDER), q=q) for g in (greeks, graph.greeks))
    group = np.unique(np.stack([rows["S"], rows["T"]]), axis=1, return_inverse=True)[1].ravel()
    for name in NAMES:
        most = np.zeros(group.max() + 1)
        np.maximum.at(most, group, np.abs(exact[name]))
        assert (np.abs(found[name] - exact[name]) / most[group]).max() <= 1e-6, name
    # the tail keeps its digits, where 1 + erf would have none
    tail = (np.abs(exact["delta"]) < 1e-3) & (np.abs(exact["delta"]) > 1e-12)
    assert tail.sum() > 20
    assert np.abs(found["delta"][tail] / exact["delta"][tail] - 1).max() <= 1e-4


def test_greeks_when_there_are_more_rows_than_a_batch_then_all_are_answered(graph: device.DeviceGreeks) -> None:
    strikes = np.linspace(20_000, 30_000, 9_001)
    found = graph.greeks(24_800.0, strikes, 0.1, 0.065, 0.15, 1)
    exact = greeks(24_800.0, strikes, 0.1, 0.065, 0.15, 1)
    assert np.abs(found["delta"] - exact["delta"]).max() <= 1e-6


def test_greeks_when_rows_make_no_sense_then_they_alone_are_nan_with_the_reason(graph: device.DeviceGreeks) -> None:
    spot = np.array([100.0, np.nan, 100.0, -1.0, 100.0])
    sigma = np.array([0.2, 0.2, 0.0, 0.2, 0.2])
    why = np.zeros(5, np.int8)
    found = graph.greeks(spot, 100.0, 0.1, 0.06, sigma, 1, codes=why)
    assert why.tolist() == [0, codes.NOT_A_NUMBER, codes.BAD_VOLATILITY, codes.BAD_SPOT, 0]
    for line in found.values():
        assert np.isfinite(line).tolist() == [True, False, False, False, True]


def test_device_when_automatic_and_there_is_none_then_the_exact_formulas_answer() -> None:
    if device._accelerators():
        pytest.skip("not run: this machine has an accelerator")
    assert device.use("auto") is None
    assert device.active() == "float64"
    found = device.display_greeks(100.0, 101.0, 0.1, 0.06, 0.2, 1)
    assert found["delta"] == greeks(100.0, 101.0, 0.1, 0.06, 0.2, 1)["delta"]


def test_device_when_forced_then_it_answers() -> None:
    assert device.use("cpu") is not None
    assert device.active() == "CPU"
    found = device.display_greeks(100.0, 101.0, 0.1, 0.06, 0.2, 1)
    exact = greeks(100.0, 101.0, 0.1, 0.06, 0.2, 1)
    assert found["delta"] == pytest.approx(exact["delta"], rel=1e-6)
    assert found["delta"] != exact["delta"]


def test_device_when_forced_but_absent_then_a_sentence_says_so() -> None:
    if "NPU" in device._accelerators():
        pytest.skip("not run: this machine has an NPU")
    with pytest.raises(Unavailable, match="no NPU") as caught:
        device.use("npu")
    assert "/" not in caught.value.detail
    assert device.active() == "float64"


def test_device_when_its_answers_are_too_far_off_then_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "greeks", lambda *rows, **_: {n: v * 1.001 for n, v in greeks(*rows).items()})
    with pytest.raises(Unavailable, match="error of"):
        device.DeviceGreeks(bundled("models") / "greeks/model.xml", "CPU", threads=1)


def test_device_when_the_name_is_unknown_then_invalid() -> None:
    with pytest.raises(Invalid, match="no device tpu"):
        device.use("tpu")


def test_device_when_automatic_then_it_is_looked_for_only_when_a_large_batch_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = threading.Event()
    monkeypatch.setattr(device, "_likely", lambda: True)

    def accelerators() -> list[str]:
        looked.set()
        return []

    monkeypatch.setattr(device, "_accelerators", accelerators)
    device.automatic()
    device.display_greeks(100.0, np.full(10, 100.0), 0.1, 0.06, 0.2, 1)
    assert not looked.is_set()
    device.display_greeks(100.0, np.full(2000, 100.0), 0.1, 0.06, 0.2, 1)
    assert looked.wait(10)
    assert device.active() == "float64"


def test_device_when_automatic_and_the_system_shows_none_then_it_is_never_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device, "_likely", lambda: False)
    monkeypatch.setattr(device, "_accelerators", lambda: pytest.fail("looked"))
    device.automatic()
    device.display_greeks(100.0, np.full(2000, 100.0), 0.1, 0.06, 0.2, 1)
    assert device.active() == "float64"
