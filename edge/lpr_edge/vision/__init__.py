"""Computer vision: detector, reader, classifier, corner refinement, voting."""
