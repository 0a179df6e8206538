"""The suite around the methods and the metrics: runs, the store, studies, reports and the command line."""

from bench.environment import settle_caches

settle_caches()  # before any library is imported that keeps files
