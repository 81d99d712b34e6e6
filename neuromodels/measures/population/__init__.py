"""A population of searched rules with their cognitive values, as one table."""
