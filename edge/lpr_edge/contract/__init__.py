"""What training, export and device must agree on: labels, preprocessing, the meaning of outputs, the manifest, data."""
