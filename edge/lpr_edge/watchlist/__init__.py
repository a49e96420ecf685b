"""Watch lists: listed plates, and what happens when one is read."""
