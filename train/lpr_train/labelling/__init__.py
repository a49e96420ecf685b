"""`lpr-train label`: a local page on which people label plates that the models have read before."""
