"""int8 TFLite to ONNX with the same scales."""
