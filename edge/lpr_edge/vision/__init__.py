"""From pixels to plates: detector, reader, classifier, refinement, votes."""
