"""Tables and CSV files of a report."""
