"""The places that events go to, one module each."""
