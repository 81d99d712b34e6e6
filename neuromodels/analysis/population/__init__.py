"""What terms of a rule do over a population of searched rules: effects, contrasts, regret.

Each takes a table as columns: a dictionary of arrays, or a DataFrame.  Its rows are rules; a column
``has_TERM`` is 1 where a rule has a term.  `docs/results/population.md` shows one.
"""
