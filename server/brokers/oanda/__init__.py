"""OANDA v20: foreign exchange, metals and index contracts."""
