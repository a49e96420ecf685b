"""The live page: what the device sees and reads, in a browser; and the same for Prometheus and health checks."""
