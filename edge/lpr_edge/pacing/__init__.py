"""Where the time of a video's frame goes: to what moves, and to plates whose text isn't settled."""
