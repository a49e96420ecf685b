"""Training of the three networks, in TensorFlow: data and rendered pictures in, run folders out."""
