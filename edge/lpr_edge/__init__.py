"""What runs on the device: capture, detector, reader, grammar, records. NumPy, OpenCV and a TFLite runtime."""

from importlib.metadata import version

__version__ = version("lpr")
