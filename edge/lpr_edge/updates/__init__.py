"""Model updates: signed releases from a TUF repository, two slots, a golden check, and the way back."""
