"""Run folders, packing, cross-validation, the article's experiment."""
