"""Rules composed of rules in a study file: ``[rule.mechanisms.NAME]`` and what can be wrong."""
