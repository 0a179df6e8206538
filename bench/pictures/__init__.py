"""Pictures of data sets and of what trained models decode."""
