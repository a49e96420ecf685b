"""Model files with manifests, the runtimes that support them, and `lpr-export verify`."""
