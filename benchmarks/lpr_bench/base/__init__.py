"""What every benchmark uses: result files, tables, pages, frames."""
