"""Watch lists: plates that somebody waits for, and what happens when one comes."""
