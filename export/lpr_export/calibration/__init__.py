"""The representative data set: sampling, split-half stability, and the reader's confidence."""
