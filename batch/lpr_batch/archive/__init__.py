"""What an archive holds: pictures in folders, or rows of Parquet files."""
