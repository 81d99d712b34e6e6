"""Mechanisms of multi-plasticity synergy (MPSL, arXiv:2508.13673), each a rule that runs alone."""
