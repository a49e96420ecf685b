"""Settings, messages, and what the extra `batch` installs."""
