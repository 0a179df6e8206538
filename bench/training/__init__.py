"""Training one model: batches, the loop, checkpoints, and what is read off the model."""
