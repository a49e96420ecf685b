"""Files wherever fsspec finds them: read, listed, and written whole."""
