"""Option strategies: drafts, what is tracked out of positions, stops on the whole, adjustments, performance."""
