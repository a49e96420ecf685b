"""Float Keras models to int8 TFLite and ONNX, with one calibration for both and a parity gate."""
