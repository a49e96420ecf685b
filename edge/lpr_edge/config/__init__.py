"""The settings of `lpr-edge`, parsed once into typed values: nested frozen dataclasses of file, variables, flags."""
