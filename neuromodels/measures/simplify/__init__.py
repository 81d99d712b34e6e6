"""The smallest rule that keeps a solution's score, as an equation."""
