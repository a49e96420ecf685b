"""Pages of reports that training, export and benchmarks write: one template and style. The device never imports it."""
