"""Watch lists: listed plates, and the actions on a match."""
