"""A small SVG of one fitted smile: what was bid and offered at each strike, the curve, and the density below."""

import numpy as np
import numpy.typing as npt

from server.options import black76
from server.options.smile import Smile
from server.options.surface import SmileQuotes

__all__ = ("smile_plot",)

F8 = npt.NDArray[np.float64]
WIDTH, HEIGHT, PAD = 640, 400, 44


def smile_plot(q: SmileQuotes, smile: Smile) -> str:
    """Text of the SVG."""
    put = q.strike < q.forward
    grown = np.exp(q.rate * q.years)
    bid, ask = (np.where(put, a, b) * grown for a, b in ((q.put_bid, q.call_bid), (q.put_ask, q.call_ask)))
    low, high = (black76.implied_volatility(v, q.forward, q.strike, q.years, 0.0, ~put) * 100 for v in (bid, ask))
    shown = np.isfinite(low) & np.isfinite(high) & (np.abs(np.log(q.strike / q.forward)) < 4.5 * smile.total)
    k, low, high = q.strike[shown], low[shown], high[shown]
    x = np.linspace(k.min(), k.max(), 400)
    y = 100 * smile.iv(x)
    top, bottom = float(max(y.max(), np.percentile(high, 95))), float(min(y.min(), low.min()))

    def across(v: F8) -> F8:
        found: F8 = PAD + (v - k.min()) / (k.max() - k.min()) * (WIDTH - 1.5 * PAD)
        return found

    def up(v: F8) -> F8:
        share: F8 = np.clip((v - bottom) / (top - bottom), 0, 1.02)
        found: F8 = HEIGHT - PAD - share * (HEIGHT - 2 * PAD)
        return found

    density = smile.density(x)
    floor = HEIGHT - PAD
    hill = floor - 0.3 * (HEIGHT - 2 * PAD) * density / density.max()
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(across(x), hill, strict=True))
    curve = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(across(x), up(y), strict=True))
    title = (
        f"NIFTY, {q.years * 365:.1f} days, forward {q.forward:.1f}: volatility in per cent, "
        "bid to ask (bars), fit (line), density (hill)"
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<polygon points="{PAD},{floor} {points} {across(x[-1:])[0]:.1f},{floor}" fill="#dbe6f5"/>',
        *(
            f'<line x1="{a:.1f}" x2="{a:.1f}" y1="{b:.1f}" y2="{c:.1f}" stroke="#c46a00" stroke-width="2.5"/>'
            for a, b, c in zip(across(k), up(low) + 1, up(high) - 1, strict=True)
        ),
        f'<polyline fill="none" stroke="#0b4f9e" stroke-width="1.2" points="{curve}"/>',
        f'<text x="{PAD}" y="20" font-size="12">{title}</text>',
    ]
    for v in np.linspace(bottom, top, 5):
        at = float(up(np.array([v]))[0])
        parts.append(f'<text x="{PAD - 6}" y="{at + 4:.0f}" text-anchor="end" font-size="11">{v:.1f}</text>')
    for v in np.linspace(k.min(), k.max(), 6):
        at = float(across(np.array([v]))[0])
        parts.append(f'<text x="{at:.0f}" y="{HEIGHT - 20}" text-anchor="middle" font-size="11">{v:.0f}</text>')
    return "\n".join([*parts, "</svg>", ""])
