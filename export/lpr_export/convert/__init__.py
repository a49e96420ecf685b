"""Conversion from Keras to float and int8 TFLite; the only folder that uses TensorFlow."""
