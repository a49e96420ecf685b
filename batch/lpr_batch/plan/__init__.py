"""The blocks that are left to read: each is one part of the results."""
