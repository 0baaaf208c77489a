"""Ticks and bars in DuckDB: `store.py` is the store, the rest are its parts."""
