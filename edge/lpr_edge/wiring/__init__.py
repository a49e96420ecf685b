"""Opens the parts that the settings configure: sinks, watch lists, the live page, windows."""
