"""Ray: one machine or a cluster, and the blocks on it."""
