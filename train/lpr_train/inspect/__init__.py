"""A look at a data set before training: mistakes in it, counts, examples."""
