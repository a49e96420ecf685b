"""How fast a large history of events is searched."""
