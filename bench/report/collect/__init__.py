"""From the records of runs to settings, groups and findings."""
