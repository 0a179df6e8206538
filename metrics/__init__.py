"""Metrics of disentanglement, functions of arrays: one file each; a file without a leading underscore is a plugin."""
