"""The live page in a browser, with metrics for Prometheus and health checks."""
