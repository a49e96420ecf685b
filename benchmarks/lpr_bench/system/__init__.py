"""The machine: environment, load, validity of a measurement."""
