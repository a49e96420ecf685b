"""The representative data set: drawn, and split in halves to see whether it suffices."""
