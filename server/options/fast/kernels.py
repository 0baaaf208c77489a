"""The formulas as loops that Numba compiles to vector instructions: no branch, no call, only arithmetic.

Everything compiled stands in this one file, because Numba's cache notices changes of the file a function stands in and
of no other. exp, log and erfcx are polynomials written out here: LLVM vectorises arithmetic, not calls of the C
library. Algorithms and sources are those of `implied.py` and `sensitivity.py`; results agree to rounding. A row the
loop is not sure of is marked and looked at again, first by more steps here, then by `unsolved.py`.
"""

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from server.options.codes import PRICE_BELOW_INTRINSIC
from server.options.implied import CURVE, LOWER, NEAR, UPPER
from server.options.normal import ERFCX

__all__ = ("LOOK", "fill_greeks", "fill_implied", "fill_signed")

LOOK: Final = np.int8(127)
"""State of a row that is not solved yet, for a reason still to be found."""
_BELOW: Final = np.int8(PRICE_BELOW_INTRINSIC)

_MAGIC: Final = 6755399441055744.0
"""1.5 x 2^52: adding it leaves the nearest integer in the low bits."""
_MAGIC_BITS: Final = np.int64(0x4338000000000000)
_LOG2E: Final = 1.4426950408889634
_LN2_HIGH: Final = 0.6931471803691238
_LN2_LOW: Final = 1.9082149292705877e-10
_ROOT_HALF_BITS: Final = np.int64(0x3FE6A09E667F3BCD)
_ONE_BITS: Final = np.int64(0x3FF0000000000000)
_MANTISSA: Final = np.int64(0x000FFFFFFFFFFFFF)
_SHIFT: Final = np.int64(52)
_BIAS: Final = np.int64(1023)
_ROOT_HALF: Final = 0.7071067811865476
_PHI: Final = 0.3989422804014327
_ROUNDING: Final = 4e-16
_SURE: Final = 1e-15
_ROUNDS: Final = 6

_E0, _E1, _E2, _E3, _E4, _E5, _E6, _E7, _E8, _E9, _E10, _E11 = (
    1.0,
    1.0,
    0.5000000000000019,
    0.1666666666666668,
    0.04166666666648795,
    0.008333333333319589,
    0.0013888888952352863,
    0.00019841269890076403,
    2.4801485441561313e-05,
    2.755724088722987e-06,
    2.763265472252779e-07,
    2.5110049204818658e-08,
)
_L0, _L1, _L2, _L3, _L4, _L5, _L6 = (
    0.666666666666667,
    0.3999999999989945,
    0.28571428626001427,
    0.22222211130560726,
    0.18182889433757515,
    0.15331711346672997,
    0.14616576421644387,
)
(
    _C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7, _C8, _C9, _C10, _C11,
    _C12, _C13, _C14, _C15, _C16, _C17, _C18, _C19, _C20, _C21, _C22,
) = ERFCX  # fmt: skip
_U0, _U1, _U2, _U3, _U4 = UPPER
_V0, _V1, _V2, _V3, _V4 = LOWER
_M0, _M1, _M2, _M3 = CURVE

_FLAGS: Final = {"contract"}
"""Products and sums may be fused; nothing that changes what NaN and infinity do."""


@intrinsic
def _bits(context: Any, value: Any) -> Any:
    """The bits of a float64 as int64."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), code


@intrinsic
def _float(context: Any, value: Any) -> Any:
    """The float64 with these bits."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), code


def _inline(function: Any) -> Any:
    return njit(inline="never", fastmath=_FLAGS, error_model="numpy", forceinline=True)(function)


@_inline
def _exp(x: float) -> Any:
    x = max(min(x, 709.0), -708.0)
    y = x * _LOG2E + _MAGIC
    n = y - _MAGIC
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    low = (_E0 + _E1 * r) + r2 * (_E2 + _E3 * r)
    mid = (_E4 + _E5 * r) + r2 * (_E6 + _E7 * r)
    top = (_E8 + _E9 * r) + r2 * (_E10 + _E11 * r)
    return (low + r4 * (mid + r4 * top)) * _float((_bits(y) + _BIAS) << _SHIFT)


@_inline
def _expm1(x: float) -> Any:
    """exp(x) - 1, to the last digit where that is small."""
    x = max(min(x, 709.0), -708.0)
    y = x * _LOG2E + _MAGIC
    n = y - _MAGIC
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    low = r + r2 * (_E2 + _E3 * r)
    mid = (_E4 + _E5 * r) + r2 * (_E6 + _E7 * r)
    top = (_E8 + _E9 * r) + r2 * (_E10 + _E11 * r)
    scale = _float((_bits(y) + _BIAS) << _SHIFT)
    return scale * (low + r4 * (mid + r4 * top)) + (scale - 1.0)


@_inline
def _log(x: float) -> Any:
    """Of normal positive numbers; nonsense, but no trap, for others."""
    u = _bits(x) - _ROOT_HALF_BITS + _ONE_BITS
    n = _float((u >> _SHIFT) - _BIAS + _MAGIC_BITS) - _MAGIC
    m = _float((u & _MANTISSA) + _ROOT_HALF_BITS)
    f = (m - 1.0) / (m + 1.0)
    z = f * f
    z2 = z * z
    series = (_L0 + _L1 * z) + z2 * ((_L2 + _L3 * z) + z2 * ((_L4 + _L5 * z) + z2 * _L6))
    return n * _LN2_HIGH + (2.0 * f + (f * z * series + n * _LN2_LOW))


@_inline
def _tail(w: float) -> float:
    """erfcx(z) for z >= 0, from w = 1 / (z + 4)."""
    t = 1.0 - 8.0 * w
    t2 = t * t
    t4 = t2 * t2
    a = _C20 + t2 * _C22
    b = _C21
    a = (_C16 + t2 * _C18) + t4 * a
    b = (_C17 + t2 * _C19) + t4 * b
    a = (_C12 + t2 * _C14) + t4 * a
    b = (_C13 + t2 * _C15) + t4 * b
    a = (_C8 + t2 * _C10) + t4 * a
    b = (_C9 + t2 * _C11) + t4 * b
    a = (_C4 + t2 * _C6) + t4 * a
    b = (_C5 + t2 * _C7) + t4 * b
    a = (_C0 + t2 * _C2) + t4 * a
    b = (_C1 + t2 * _C3) + t4 * b
    return (a + t * b) * w


@_inline
def _correction(x2: float, sigma: float, ax: float, most: float, target: float) -> tuple[float, float]:
    """The step to subtract from total volatility `sigma`, and Newton's for comparison, of the option whose normalised
    price is `target`; `most` is the price of infinite volatility."""
    inverse = 1.0 / sigma
    h = ax * inverse
    half = 0.5 * sigma
    below = (h - half) * _ROOT_HALF
    near_z = abs(below) + 4.0
    far_z = (h + half) * _ROOT_HALF + 4.0
    both = 1.0 / (near_z * far_z)
    near = _tail(both * far_z)
    far = _tail(both * near_z)
    h2 = h * h
    half2 = half * half
    vega = _exp(-0.5 * (h2 + half2))
    inside = below < 0.0
    b = 0.5 * vega * ((-near if inside else near) - far) + (most if inside else 0.0)
    over = 1.0 / (b * target)
    slope = _PHI * vega * (over * target)
    excess = (b - target) * b * over
    # log(1 + excess): the guess is close, or the row is looked at again
    gap = excess * (
        1.0
        + excess
        * (
            -0.5
            + excess
            * (
                0.3333333333333333
                + excess * (-0.25 + excess * (0.2 + excess * (-0.16666666666666666 + excess * 0.14285714285714285)))
            )
        )
    )
    newton = gap / slope
    bend = (h2 - half2) * inverse
    first = bend - slope
    third = bend * bend - 3.0 * h2 * inverse * inverse - 0.25 + slope * (2.0 * slope - 3.0 * bend)
    step = newton * (1.0 - 0.5 * first * newton) / (1.0 - newton * (first - third * newton / 6.0))
    return step, newton


@_inline
def _guess(time_value: float, distance: float, root: float, x2: float) -> Any:
    distance = max(distance, 1e-9 * time_value)
    w = _log(1.0 + distance / time_value)
    v = np.sqrt(1.0 + w)
    v2 = v * v
    upper = (_U0 + _U1 * v) + v2 * ((_U2 + _U3 * v) + v2 * _U4)
    lower = (_V0 + _V1 * v) + v2 * ((_V2 + _V3 * v) + v2 * _V4)
    y = distance * lower / (w * upper * root * (1.0 + x2 * (1.0 / 24.0 + x2 * (1.0 / 1920.0))))
    y2 = y * y
    return y * (1.0 + y2 * (_M0 + _M3 * x2 + y2 * (_M1 + _M2 * y2)))


_ROW = types.float64[::1]
_STATE = types.int8[::1]


@njit(
    types.int64(_ROW, _ROW, _ROW, _ROW, _ROW, _ROW, _ROW, types.boolean, _ROW, _STATE),
    fastmath=_FLAGS,
    error_model="numpy",
    nogil=True,
    cache=True,
)
def fill_implied(
    s: Any, k: Any, t: Any, r: Any, flag: Any, price: Any, q: Any, carried: bool, out: Any, state: Any
) -> int:
    """Volatilities into `out` (NaN where there is none), and into `state` 0, a reason code, or LOOK; returns how many
    rows are not solved."""
    for i in range(len(out)):
        time = t[i]
        # discounting as a difference keeps the digits that deep options in the money are solved from
        shift = k[i] * _expm1(-r[i] * time)
        fall = s[i] * _expm1(-q[i] * time) if carried else 0.0
        s_now = s[i] + fall
        k_now = k[i] + shift
        between = s[i] - k[i]
        ahead = between + (fall - shift)
        in_money = ahead * flag[i] > 0.0
        time_value = (price[i] - flag[i] * between) - flag[i] * (fall - shift) if in_money else price[i]
        least = min(s_now, k_now)
        root = np.sqrt(s_now * k_now)
        ax = abs(_log(s_now / k_now))
        x2 = ax * ax
        sigma = _guess(time_value, abs(ahead), root, x2)
        per = 1.0 / root
        step, newton = _correction(x2, sigma, ax, least * per, time_value * per)
        sense = (flag[i] * flag[i] == 1.0) & (time > 0.0) & (s_now > 0.0) & (k_now > 0.0)
        sense = sense & (s_now < 1e300) & (k_now < 1e300) & (time < 1e6) & (price[i] > 0.0)
        sense = sense & (abs(r[i] * time) < 700.0) & (abs(q[i] * time) < 700.0)
        solved = sense & (time_value < least) & (time_value > _SURE * k_now) & (abs(newton) <= NEAR * sigma)
        empty = sense & in_money & (time_value <= _ROUNDING * k_now)
        out[i] = (sigma - step) / np.sqrt(time) if solved else np.nan
        state[i] = np.int8(0) if solved else (_BELOW if empty else LOOK)
    left = 0
    for i in range(len(out)):
        if state[i] == LOOK:
            time = t[i]
            shift = k[i] * np.expm1(-r[i] * time)
            fall = s[i] * np.expm1(-q[i] * time) if carried else 0.0
            s_now = s[i] + fall
            k_now = k[i] + shift
            between = s[i] - k[i]
            ahead = between + (fall - shift)
            in_money = ahead * flag[i] > 0.0
            time_value = (price[i] - flag[i] * between) - flag[i] * (fall - shift) if in_money else price[i]
            least = min(s_now, k_now)
            if least > 1e-100 and time > 0.0 and _SURE * k_now < time_value < 0.9 * least and flag[i] * flag[i] == 1.0:
                root = np.sqrt(s_now * k_now)
                ax = abs(np.log(s_now / k_now))
                sigma = _guess(time_value, abs(ahead), root, ax * ax)
                for _ in range(_ROUNDS):
                    step, newton = _correction(ax * ax, sigma, ax, least / root, time_value / root)
                    if not abs(step) < 0.5 * sigma:
                        break
                    sigma -= step
                    if abs(newton) <= NEAR * sigma:
                        out[i] = sigma / np.sqrt(time)
                        state[i] = 0
                        break
        if state[i] != 0:
            left += 1
    return left


@njit(types.void(_ROW, _ROW, _ROW), fastmath=_FLAGS, error_model="numpy", nogil=True, cache=True)
def fill_signed(k: Any, flag: Any, out: Any) -> None:
    """Strikes with the sign of their flag; NaN where they are not positive, or the flag is not +1 or -1."""
    for i in range(len(k)):
        out[i] = k[i] * flag[i] if (flag[i] * flag[i] == 1.0) & (k[i] > 0.0) else np.nan


@njit(
    types.int64(_ROW, _ROW, _ROW, _ROW, _ROW, _ROW, types.boolean, types.float64[:, ::1]),
    fastmath=_FLAGS,
    error_model="numpy",
    nogil=True,
    cache=True,
)
def fill_greeks(s: Any, signed: Any, t: Any, r: Any, vol: Any, q: Any, carried: bool, out: Any) -> int:
    """Greeks into the lines of `out`, in the order of `sensitivity.NAMES`, NaN where there are none; returns how many
    rows have none. `signed`: strikes from `fill_signed`. (LLVM vectorises only while it need not compare more than 128
    pairs of arrays for overlap: eleven out and six in are 121.)"""
    o0, o1, o2, o3, o4, o5 = out[0], out[1], out[2], out[3], out[4], out[5]
    o6, o7, o8, o9, o10 = out[6], out[7], out[8], out[9], out[10]
    left = 0
    for i in range(len(s)):
        time = t[i]
        spot = s[i]
        sigma = vol[i]
        strike = abs(signed[i])
        side = np.copysign(1.0, signed[i])
        yields = q[i]
        dividend = _exp(-yields * time) if carried else 1.0
        rate = r[i] * time
        discount = _exp(-rate)
        carry = rate - yields * time if carried else rate
        k_now = strike * discount
        root = np.sqrt(time)
        total = sigma * root
        per_total = 1.0 / total
        per_time = 1.0 / time
        per_spot = 1.0 / spot
        per_sigma = root * per_total
        d1 = (_log(spot / strike) + carry) * per_total + 0.5 * total
        d2 = d1 - total
        z1 = abs(d1) * _ROOT_HALF + 4.0
        z2 = abs(d2) * _ROOT_HALF + 4.0
        both = 1.0 / (z1 * z2)
        # times the dividend's discount, as every formula has it
        density = _PHI * _exp(-0.5 * d1 * d1) * dividend
        mills = 0.5 / _PHI
        n1 = _tail(both * z2) * mills * density
        n2 = _tail(both * z1) * mills * density * spot
        n1 = dividend - n1 if d1 * side > 0.0 else n1
        n2 = k_now - n2 if d2 * side > 0.0 else n2
        paid = density * spot
        vega = paid * root
        gamma = density * per_total * per_spot
        product = d1 * d2
        turn = (carry * per_total - 0.5 * d2) * per_time
        delta = n1 * side
        rho = n2 * side * time
        theta = -0.5 * paid * sigma * root * per_time - n2 * side * r[i]
        charm = -density * turn
        veta = 0.5 * per_time - turn * d1
        if carried:
            theta += yields * delta * spot
            charm += yields * delta
            veta -= yields
        veta = veta * vega
        vanna = -density * d2 * per_sigma
        vomma = vega * product * per_sigma
        speed = -gamma * (1.0 + d1 * per_total) * per_spot
        zomma = gamma * (product - 1.0) * per_sigma
        total_of_all = delta + gamma + theta + vega + rho + vanna + vomma + charm + speed + zomma + veta
        fine = (time > 0.0) & (sigma > 0.0) & (spot > 0.0) & (strike > 0.0)
        fine = (
            fine
            & (abs(total_of_all) < 1e300)
            & (abs(rate) < 700.0)
            & (abs(yields * time) < 700.0)
            & (spot < 1e300)
            & (strike < 1e300)
        )
        o0[i] = delta if fine else np.nan
        o1[i] = gamma if fine else np.nan
        o2[i] = theta if fine else np.nan
        o3[i] = vega if fine else np.nan
        o4[i] = rho if fine else np.nan
        o5[i] = vanna if fine else np.nan
        o6[i] = vomma if fine else np.nan
        o7[i] = charm if fine else np.nan
        o8[i] = speed if fine else np.nan
        o9[i] = zomma if fine else np.nan
        o10[i] = veta if fine else np.nan
        left += 0 if fine else 1
    return left
