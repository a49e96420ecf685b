"""The page of all results, and model cards."""
