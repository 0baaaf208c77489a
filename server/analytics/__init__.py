"""Figures computed out of live markets: chains, volatility and what follows from them."""
