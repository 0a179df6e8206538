"""Wrappers: what changes a data set, one file each. They compose in any order that makes sense."""
