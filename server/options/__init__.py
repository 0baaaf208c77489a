"""Option mathematics: pure functions over arrays."""
