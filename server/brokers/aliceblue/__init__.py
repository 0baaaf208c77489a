"""Alice Blue (ANT, open API v1)."""
