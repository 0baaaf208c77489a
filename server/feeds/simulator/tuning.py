"""Parameters of the simulated NIFTY and India VIX, fitted to the real one-minute bars; decisions/0004 tells how."""

from typing import Final

import msgspec

__all__ = ("DEFAULT", "Tuning")


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of the NIFTY path; log volatilities are in natural logs, times in minutes unless said."""

    minute_vol: float = 2.4e-4
    """Median one-minute log return volatility at the reference VIX, before the other factors."""
    vix_reference: float = 13.8
    vix_power: float = 0.7
    day_sd: float = 0.21
    day_rho: float = 0.75
    day_own: float = 0.11
    slow_sd: float = 0.284
    slow_tau: float = 52.0
    fast_sd: float = 0.217
    fast_tau: float = 1.57
    shock_sd: float = 0.085
    flurry_sd: float = 0.22
    """Shock to the log volatility of each stretch of ten seconds: moves come in flurries."""
    jumps: float = 0.44
    """Expected a day."""
    jump_size: float = 5.4
    """In volatilities of the minute, mean."""
    jump_down: float = 0.75
    jump_seconds: float = 27.0
    burst: float = 0.178
    """Log volatility added after a jump of one minute's volatility, fading with `burst_tau`."""
    burst_tau: float = 5.7
    print_sd: float = 1.55e-5
    """Log error of one index print: members print at different moments and at either side of their spread."""
    print_slow_sd: float = 1.5e-5
    print_tau: float = 29.0
    """Seconds."""
    print_power: float = 0.09
    print_day_sd: float = 0.38
    """Some days and some hours have noisier prints than others (logs)."""
    print_hour_sd: float = 0.315
    print_hour_tau: float = 70.0
    print_lag: float = 0.28
    """Part of each second's move that reaches the index only later: members that have not traded yet."""
    smooth: float = 0.2
    opening: float = 1.0
    """Shape of the day at the very opening."""
    gap_sd: float = 0.0032
    vix_beta: float = 3.4
    """Fall of log VIX for a log return of NIFTY."""
    vix_day_sd: float = 0.033
    vix_night_sd: float = 0.025
    vix_mean: float = 2.66
    """Log of the level VIX returns to (its median since 2015 is 15.7; weighed towards the calm years)."""
    vix_rho: float = 0.982


DEFAULT: Final = Tuning()
