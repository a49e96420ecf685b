"""The interface of a training run for the other packages: its files, and the network types."""
