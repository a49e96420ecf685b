"""Opens what the settings ask for: sinks, watch lists, the live page, windows."""
