"""Training: data, synthetic plates, networks, fitting and plots."""
