"""The machine: environment, load, devices, validity of a measurement."""
