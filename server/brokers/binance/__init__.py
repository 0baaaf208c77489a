"""Binance: spot, or USD-M futures, by account."""
