"""Interactive Brokers, through a gateway the user runs. What it tells is read; it cannot be connected yet."""
