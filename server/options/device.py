"""Greeks on an NPU or GPU, in float32, for the screen: never for price, implied volatility or money.

One OpenVINO graph (`models/greeks`, extra `device`) of scaled numbers; logarithm, products with time and the scales
themselves are worked out here in float64, because float32 would lose the digits of log(S/K) near the money. Batches
are of one fixed size, the last filled up with a harmless row. Every device answers a set of known rows first, and one
that is too far off is not used.
"""

import importlib.util
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid, Unavailable
from server.core.paths import bundled
from server.options import codes as reason
from server.options.rows import prepare, rows_of
from server.options.sensitivity import NAMES, greeks, why_none

__all__ = ("CHOICES", "DeviceGreeks", "active", "automatic", "display_greeks", "known_rows", "use")

F8 = npt.NDArray[np.float64]
I1 = npt.NDArray[np.int8]

CHOICES: Final = ("auto", "off", "npu", "gpu", "cpu")
_MODEL: Final = "greeks/model.xml"
_WORST: Final = {"f32": 1e-5, "f16": 1e-2}
"""Error over the group's maximum up to which a device is used, by the precision it computes in."""
_HINTS: Final = {"NPU": "f16", "GPU": "f32", "CPU": "f32"}
"""An NPU has no float32."""
_MANY: Final = 1000
"""A batch this large makes an automatic choice look for an accelerator."""
_HARMLESS: Final = (0.0, 1.0, 0.0, 0.0, 1.0, 1.0)


class DeviceGreeks:
    """The graph, compiled for one device. Calls from several threads take turns."""

    def __init__(self, model: Path, device: Literal["NPU", "GPU", "CPU"], threads: int = 0) -> None:
        """Unavailable when the library, the device or the model is missing, or the device's answers are too far off."""
        if importlib.util.find_spec("openvino") is None:
            raise Unavailable(
                "OpenVINO is not installed.",
                code="options.device",
                remedy="Install the extra: pip install 'sauda[device]'.",
            )
        import openvino as ov

        self.device: Final = device
        self.precision: Final = _HINTS[device]
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": self.precision, "PERFORMANCE_HINT": "LATENCY"}
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        core = ov.Core()
        if not _has(core.available_devices, device):
            raise Unavailable(
                f"This machine has no {device} that OpenVINO can use.",
                code="options.device",
                remedy="Set options.device to auto or off.",
            )
        try:
            compiled = core.compile_model(core.read_model(model), device, settings)
        except RuntimeError as error:
            raise Unavailable(
                f"The Greeks do not run on {device}: {str(error).strip().splitlines()[-1][:200]}", code="options.device"
            ) from None
        self._request = compiled.create_infer_request()
        self._batch: Final = int(compiled.input(0).shape[1])
        self._input = np.empty((6, self._batch), dtype=np.float32)
        self._request.set_input_tensor(0, ov.Tensor(self._input, shared_memory=True))
        self._lock = threading.Lock()
        self.errors: Final = self._check()
        """Of each Greek over its group's maximum, on known rows."""
        worst = max(self.errors.values())
        if not worst <= _WORST[self.precision]:
            raise Unavailable(f"{device} computes the Greeks with an error of {worst:.0e}.", code="options.device")

    def greeks(
        self,
        S: Any,  # noqa: N803 - the literature's names
        K: Any,  # noqa: N803
        T: Any,  # noqa: N803
        r: Any,
        sigma: Any,
        flag: Any,
        *,
        q: Any = 0.0,
        codes: I1 | None = None,
    ) -> dict[str, F8]:
        """As `sensitivity.greeks`, to float32's precision."""
        shape, rows = prepare(S=S, K=K, T=T, r=r, sigma=sigma, flag=flag, q=q)
        n = rows_of(shape)
        out = np.empty((len(NAMES), n))
        if codes is not None:
            codes[...] = reason.OK
        with np.errstate(all="ignore"), self._lock:
            for start in range(0, n, self._batch):
                cut = slice(start, min(start + self._batch, n))
                s, k, t, rate, vol, side, dividend = (a if a.size == 1 else a[cut] for a in rows)
                self._run(s, k, t, rate, vol, side, dividend, out[:, cut])
            bad = np.flatnonzero(np.isnan(out[0]))
            if bad.size and codes is not None:
                codes.reshape(-1)[bad] = why_none([np.broadcast_to(a, n)[bad] for a in rows])
        return {name: line.reshape(shape) for name, line in zip(NAMES, out, strict=True)}

    def _run(self, s: F8, k: F8, t: F8, r: F8, sigma: F8, flag: F8, q: F8, out: F8) -> None:
        n = out.shape[1]
        root = np.sqrt(t)
        total, rate, dividend = sigma * root, r * t, q * t
        moneyness = np.log(s / k) + (rate - dividend)
        # the strike over the spot; where it is far too large to matter, float16 must still hold it
        ratio = np.exp(-np.clip(moneyness, -9.0, 9.0))
        fine = (total > 0.0) & (t > 0.0) & (s > 0.0) & (k > 0.0) & (np.abs(flag) == 1.0) & (sigma > 0.0)
        fine = fine & np.isfinite(total + moneyness + rate + dividend)
        self._input[:, n:] = np.array(_HARMLESS, dtype=np.float32)[:, None]
        for line, value, harmless in zip(
            self._input, (moneyness, total, rate, dividend, flag, ratio), _HARMLESS, strict=True
        ):
            line[:n] = np.where(fine, value, harmless)
        self._request.infer()
        out[:] = self._request.get_output_tensor(0).data[:, :n]
        discount = np.exp(-dividend)
        now = s * discount
        per_time, per_total = 1.0 / t, 1.0 / total
        out[0] *= discount
        out[1] *= discount * per_total / s
        out[2] *= now * per_time
        out[3] *= now * root
        out[4] *= now * t
        out[5] *= discount * root * per_total
        out[6] *= now * t * per_total
        out[7] *= discount * per_time
        out[8] *= discount * np.square(per_total / s)
        out[9] *= discount * root * np.square(per_total) / s
        out[10] *= now * root * per_time
        out[:, ~np.broadcast_to(fine, (n,))] = np.nan

    def _check(self) -> dict[str, float]:
        rows, group = known_rows()
        exact, found = greeks(*rows), self.greeks(*rows)
        errors = {}
        for name in NAMES:
            most = np.zeros(group.max() + 1)
            np.maximum.at(most, group, np.abs(exact[name]))
            gap = np.abs(found[name] - exact[name]) / most[group]
            errors[name] = float(np.where(np.isfinite(gap), gap, np.inf).max())
        return errors


def known_rows() -> tuple[tuple[F8, ...], npt.NDArray[np.int64]]:
    """Known rows: two underlyings, five expiries from a day to two years, strikes to 25 % off, a smile, both sides;
    and which underlying and expiry each belongs to."""
    spot = np.array([1_450.0, 81_000.0])[:, None, None, None]
    years = np.array([1.0, 4.0, 30.0, 120.0, 730.0])[None, :, None, None] / 365.0
    off = np.linspace(-0.25, 0.25, 51)[None, None, :, None]
    flag = np.array([1.0, -1.0])
    sigma = 0.12 + 0.5 * np.square(off) - 0.1 * off
    shape = (2, 5, 51, 2)
    rows = tuple(np.broadcast_to(a, shape).ravel() for a in (spot, spot * (1.0 + off), years, 0.065, sigma, flag))
    return rows, np.repeat(np.arange(10), 102)


class _Now:
    found: DeviceGreeks | None = None
    wanted: bool = False
    """Whether the next large batch is to look for an accelerator."""


def use(choice: str = "auto") -> DeviceGreeks | None:
    """Setting `options.device`: `auto` takes an NPU, else a GPU, else nothing; a name forces that device (Unavailable
    where it is missing); `off` computes on the processor in float64. Compiling takes up to a second: not for the event
    loop. Returns what `display_greeks` uses from now on."""
    if choice not in CHOICES:
        raise Invalid(f"There is no device {choice}.", field="options.device", remedy=", ".join(CHOICES))
    _Now.found, _Now.wanted = None, False
    if choice == "auto":
        for name in _accelerators():
            try:
                _Now.found = _load(name)
                break
            except Unavailable:
                continue
    elif choice != "off":
        _Now.found = _load(choice.upper())
    return _Now.found


def automatic() -> None:
    """As `use("auto")`, but once a large batch comes, and in the background; a machine that shows no accelerator to the
    operating system never loads OpenVINO."""
    _Now.found, _Now.wanted = None, _likely() and importlib.util.find_spec("openvino") is not None


def active() -> str:
    """`NPU`, `GPU` or `CPU` when the graph runs there, `float64` when the exact formulas answer."""
    return _Now.found.device if _Now.found is not None else "float64"


def display_greeks(
    S: Any,  # noqa: N803
    K: Any,  # noqa: N803
    T: Any,  # noqa: N803
    r: Any,
    sigma: Any,
    flag: Any,
    *,
    q: Any = 0.0,
    codes: I1 | None = None,
) -> dict[str, F8]:
    """Greeks to look at: from the device in use, else from `sensitivity.greeks`. Not for orders, margin or money."""
    if _Now.wanted and np.size(K) >= _MANY:
        _Now.wanted = False
        threading.Thread(target=use, args=("auto",), name="options-device", daemon=True).start()
    run = greeks if _Now.found is None else _Now.found.greeks
    return run(S, K, T, r, sigma, flag, q=q, codes=codes)


def _likely() -> bool:
    """Linux lists accelerators as files; elsewhere only OpenVINO can tell."""
    if sys.platform != "linux":
        return True
    return any(Path("/dev/accel").glob("accel*")) or any(Path("/dev/dri").glob("renderD*"))


def _accelerators() -> list[str]:
    if importlib.util.find_spec("openvino") is None:
        return []
    import openvino as ov

    there = ov.Core().available_devices
    return [name for name in ("NPU", "GPU") if _has(there, name)]


def _has(there: list[str], name: str) -> bool:
    """Several devices of a kind are listed as GPU.0, GPU.1."""
    return any(d == name or d.startswith(f"{name}.") for d in there)


@cache
def _load(device: Any) -> DeviceGreeks:
    return DeviceGreeks(bundled("models") / _MODEL, device)
