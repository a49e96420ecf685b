"""The folder of results: Parquet parts, and what they were made with."""
