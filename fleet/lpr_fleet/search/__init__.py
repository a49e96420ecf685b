"""Search by part of a plate, with one sign wrong."""
