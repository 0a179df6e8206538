"""Searches for a method's settings, by Optuna, over the runs of a results folder."""
