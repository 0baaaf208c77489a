"""Makes `model.xml`, `model.bin` and `metrics.json` of the Greeks graph: `python -m models.greeks.recipe`.

There is nothing trained in it: it is the Black-Scholes Greeks as a graph, so that an NPU or GPU can run them. All it
sees is scaled so that no number is large: moneyness and total volatility, not prices and strikes. What the scaling
divides by is multiplied back on the host in float64 (`server/options/device.py`). Needs the extra `device`.

Input `rows` (6, batch): log(S/K) + (r - q) T, sigma sqrt(T), r T, q T, flag, exp(-moneyness). Output (11, batch), in
the order of `server.options.sensitivity.NAMES`, each over its scale.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino as ov
from openvino import opset13 as op

HERE: Final = Path(__file__).resolve().parent
BATCH: Final = 4096
MILLS: Final = (
    1.02158272,
    -0.687160611,
    0.279471457,
    -0.0364433378,
    -0.0215032529,
    0.00648690388,
    0.00305831432,
    -0.000861340959,
    -0.000598765444,
    7.32037515e-05,
    8.4322397e-05,
)
"""(z + 2) erfcx(z) as a polynomial in (z - 2) / (z + 2), lowest power first, for z >= 0; fitted in 60 digits, 6e-8 off.
1 + erf(x) would lose its digits in the tail, and the graph language has no erfc."""
ROOT_HALF: Final = 0.7071067811865476
PHI: Final = 0.3989422804014327


def build(batch: int = BATCH) -> Any:
    """The graph, float32, of a fixed number of rows (an NPU takes no other)."""

    def c(value: float) -> Any:
        return op.constant(np.array(value, np.float32))

    rows = op.parameter([6, batch], ov.Type.f32, "rows")
    moneyness, total, rate, dividend, flag, ratio = op.split(rows, op.constant(np.int32(0)), 6).outputs()
    per_total = op.divide(c(1.0), total)
    carry = op.subtract(rate, dividend)
    d1 = op.add(op.multiply(moneyness, per_total), op.multiply(c(0.5), total))
    d2 = op.subtract(d1, total)
    density = op.multiply(c(PHI), op.exp(op.multiply(c(-0.5), op.multiply(d1, d1))))

    def probability(d: Any, most: Any, weight: Any) -> Any:
        """`most` x N(flag d), where `weight` is the density times what belongs to d."""
        z = op.multiply(op.abs(d), c(ROOT_HALF))
        w = op.divide(c(1.0), op.add(z, c(2.0)))
        t = op.subtract(c(1.0), op.multiply(c(4.0), w))
        value = c(MILLS[-1])
        for coefficient in MILLS[-2::-1]:
            value = op.add(op.multiply(value, t), c(coefficient))
        tail = op.multiply(op.multiply(op.multiply(value, w), weight), c(0.5 / PHI))
        return op.select(op.greater(op.multiply(d, flag), c(0.0)), op.subtract(most, tail), tail)

    delta = op.multiply(flag, probability(d1, c(1.0), density))
    # over the spot: N(flag d2) times the strike, whose density is the spot's
    paid = op.multiply(flag, probability(d2, ratio, density))
    product = op.multiply(d1, d2)
    turn = op.subtract(op.multiply(carry, per_total), op.multiply(c(0.5), d2))
    theta = op.subtract(
        op.subtract(op.multiply(dividend, delta), op.multiply(rate, paid)),
        op.multiply(c(0.5), op.multiply(total, density)),
    )
    outputs = (
        delta,
        density,
        theta,
        density,
        paid,
        op.negative(op.multiply(density, d2)),
        op.multiply(density, product),
        op.subtract(op.multiply(dividend, delta), op.multiply(density, turn)),
        op.negative(op.multiply(density, op.add(total, d1))),
        op.multiply(density, op.subtract(product, c(1.0))),
        op.multiply(density, op.subtract(op.subtract(c(0.5), dividend), op.multiply(d1, turn))),
    )
    greeks = op.concat(list(outputs), 0)
    greeks.set_friendly_name("greeks")
    return ov.Model([op.result(greeks)], [rows], "sauda_greeks")


def main() -> None:
    """Write the model, then measure it on this machine's processor against the float64 formulas."""
    ov.save_model(build(), HERE / "model.xml", compress_to_fp16=False)
    from server.options.device import DeviceGreeks, known_rows

    found = DeviceGreeks(HERE / "model.xml", "CPU")
    metrics = {
        "opset": 13,
        "batch": BATCH,
        "rows_checked": len(known_rows()[1]),
        "precision": found.precision,
        "error_over_group_maximum": {name: float(f"{error:.1e}") for name, error in found.errors.items()},
    }
    (HERE / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
