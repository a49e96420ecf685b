"""Settings as frozen dataclasses: TOML on disk, a flag for every key, mistakes reported in one line."""
