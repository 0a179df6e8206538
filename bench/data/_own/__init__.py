"""The user's own observations and factors."""
