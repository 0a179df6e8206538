"""The suite around the methods and the metrics: runs, the store, studies, reports and the command line."""
