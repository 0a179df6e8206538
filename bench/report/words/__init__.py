"""How a report names things."""
