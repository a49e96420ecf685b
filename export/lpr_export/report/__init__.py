"""Report of an export: terminal, JSON, HTML page."""
