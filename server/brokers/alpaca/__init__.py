"""Alpaca: US shares, options and crypto."""
