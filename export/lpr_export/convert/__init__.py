"""Keras to float and int8 TFLite; TensorFlow is used here alone."""
