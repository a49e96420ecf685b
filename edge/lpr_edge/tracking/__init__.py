"""Tracking: readings of one vehicle become one event, and events become records."""
