"""A new country: answers to questions become its TOML file and a preview of its plates."""
