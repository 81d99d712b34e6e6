"""How reports put what they found into words."""
