"""From posteriors to scores: protocols, evaluations, baselines."""
