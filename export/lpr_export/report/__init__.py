"""What an export found: terminal, JSON, page."""
