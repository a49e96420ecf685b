"""One reader per label format: it returns the content of the files, without interpreting it."""
