"""Charles Schwab: US shares and options."""
