"""Carrying runs out: which, in what order, where, and what came of them."""
