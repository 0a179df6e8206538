"""A method, a metric and a data set that disentanglement-bench finds when this package is installed."""
