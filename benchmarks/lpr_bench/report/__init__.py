"""One page of all results of a board."""
