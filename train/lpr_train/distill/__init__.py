"""Knowledge distillation: a large teacher and the device's network train on the same samples (Keras on JAX)."""
