"""Stages of a search: the study that each is, and what a study file may say of them."""
