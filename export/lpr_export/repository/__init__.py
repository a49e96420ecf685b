"""A TUF repository of models: keys, signed metadata, releases with golden sets, channels."""
