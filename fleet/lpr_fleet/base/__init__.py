"""Settings, and what the extra `fleet` installs."""
