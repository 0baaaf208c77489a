"""The quadratic programme behind the refined smile: values as smooth as may be that keep within bands.

    minimise   1/2 (q - 1)' Q (q - 1) + sum_i c_i v_i
    subject to q >= floor,   low_i - v_i <= (B q)_i <= high_i + v_i,   v >= 0,   E q = e

Bands are soft: missing one costs its distance times c_i, so that bands that contradict each other are missed by few
instead of by all. Solved by a primal-dual interior-point method with Mehrotra's predictor and corrector (J. Nocedal and
S. Wright, "Numerical Optimization", chapter 16); the slacks are eliminated, so that each step solves one dense system
of the size of q.
"""

import numpy as np
import numpy.typing as npt

__all__ = ("within_bands",)

F8 = npt.NDArray[np.float64]
_ROUNDS = 40
_SHORT = 0.995
"""Share of the way to the boundary a step may go."""
_CLOSE = 1e-5
"""What each slack and price may still cost, in widths of a band."""
_FAIR = 1e-3
"""What is good enough when rounds run out: ill-conditioned systems stop gaining digits before."""


def within_bands(
    smooth: F8, basis: F8, low: F8, high: F8, cost: F8, floor: float, equal: F8, right: F8
) -> tuple[F8, bool]:
    """(q (n,), whether it converged). `smooth` is Q (n, n), `basis` B (m, n), `equal` E (p, n), `right` e (p,); `high`
    may be infinite. q starts at 1, which should be a fair answer by itself."""
    n, m = smooth.shape[0], low.size
    two = np.isfinite(high)
    upper = np.where(two, high, 0.0)
    q = np.ones(n)
    linear = -smooth @ q
    y = basis @ q
    v = np.maximum(np.maximum(np.where(two, y - upper, 0.0), low - y), 0.0) + 0.5
    slack = [np.full(n, max(1.0 - floor, 0.1)), np.where(two, upper + v - y, 1.0), v - low + y, v.copy()]
    dual = [np.full(n, 1e-2), np.where(two, 0.25 * cost, 0.0), 0.25 * cost, np.where(two, 0.5, 0.75) * cost]
    price = np.zeros(right.size)
    count = n + 2 * m + int(two.sum())
    settled = False
    kkt = np.zeros((n + right.size, n + right.size))
    kkt[n:, :n], kkt[:n, n:] = equal, equal.T
    for _ in range(_ROUNDS):
        y = basis @ q
        # what is wrong: slopes in q and v, equalities, and each inequality against its slack
        wrong_q = smooth @ q + linear - dual[0] + basis.T @ (dual[1] - dual[2]) + equal.T @ price
        wrong_v = cost - dual[1] - dual[2] - dual[3]
        wrong_e = equal @ q - right
        gap = [
            q - floor - slack[0],
            np.where(two, upper + v - y - slack[1], 0.0),
            v - low + y - slack[2],
            v - slack[3],
        ]
        mean = sum(float(s @ z) for s, z in zip(slack, dual, strict=True)) / count
        settled = mean < _FAIR and float(np.abs(wrong_e).max()) < 0.1 * _FAIR
        if mean < _CLOSE and float(np.abs(wrong_e).max()) < _CLOSE and float(np.abs(wrong_v).max()) < _CLOSE:
            break
        stiff = [z / s for z, s in zip(dual, slack, strict=True)]
        across, both = stiff[1] - stiff[2], stiff[1] + stiff[2]
        whole = both + stiff[3]
        weight = both - across * across / whole
        kkt[:n, :n] = smooth + (basis.T * weight) @ basis
        kkt[np.arange(n), np.arange(n)] += stiff[0]

        def step(
            aim: list[F8],
            slack: list[F8] = slack,
            dual: list[F8] = dual,
            stiff: list[F8] = stiff,
            gap: list[F8] = gap,
            across: F8 = across,
            whole: F8 = whole,
            wrong: tuple[F8, F8, F8] = (wrong_q, wrong_v, wrong_e),
        ) -> tuple[list[F8], list[F8], list[F8]]:
            pull = [c / s - z - d * g for c, s, z, d, g in zip(aim, slack, dual, stiff, gap, strict=True)]
            in_v = pull[1] + pull[2] + pull[3] - wrong[1]
            side = pull[1] - pull[2] - across * in_v / whole
            found = np.linalg.solve(kkt, np.concatenate([-wrong[0] + pull[0] - basis.T @ side, -wrong[2]]))
            dq, dp = found[:n], found[n:]
            dy = basis @ dq
            dv = (in_v + across * dy) / whole
            moves = [dq + gap[0], np.where(two, dv - dy + gap[1], 0.0), dv + dy + gap[2], dv + gap[3]]
            turns = [
                pull[0] - stiff[0] * dq,
                pull[1] - stiff[1] * (dv - dy),
                pull[2] - stiff[2] * (dv + dy),
                pull[3] - stiff[3] * dv,
            ]
            return [dq, dv, dp], moves, turns

        _, moves, turns = step([np.zeros_like(s) for s in slack])
        primal, other = _reach(slack, moves), _reach(dual, turns)
        ahead = (
            sum(
                float((s + primal * ds) @ (z + other * dz))
                for s, ds, z, dz in zip(slack, moves, dual, turns, strict=True)
            )
            / count
        )
        centre = (ahead / mean) ** 3 * mean
        aim = [centre - ds * dz for ds, dz in zip(moves, turns, strict=True)]
        aim[1] = np.where(two, aim[1], 0.0)
        (dq, dv, dp), moves, turns = step(aim)
        primal, other = _reach(slack, moves), _reach(dual, turns)
        q, v, price = q + primal * dq, v + primal * dv, price + other * dp
        slack = [s + primal * d for s, d in zip(slack, moves, strict=True)]
        dual = [z + other * d for z, d in zip(dual, turns, strict=True)]
        if not np.isfinite(q).all():
            return np.ones(n), False
    if settled:
        # the equalities to the last digit, by the smallest change in shares of q
        room = equal * np.square(q)
        q = q + room.T @ np.linalg.solve(room @ equal.T, right - equal @ q)
    return q, settled


def _reach(values: list[F8], moves: list[F8]) -> float:
    """Longest step that keeps all values above zero."""
    longest = 1.0
    for value, move in zip(values, moves, strict=True):
        down = move < 0.0
        if down.any():
            longest = min(longest, _SHORT * float(np.min(-value[down] / move[down])))
    return longest
