"""`lpr-train label`: a page on this machine on which people label plates, which models have read before."""
