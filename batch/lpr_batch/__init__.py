"""Archives: millions of photographs read by all cores of a machine or a Ray cluster, into Parquet."""
