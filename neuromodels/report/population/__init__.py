"""What a population of rules says: effects of terms, declared contrasts, regret, controls."""
