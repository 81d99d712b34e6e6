"""Statements become C++ or CUDA."""
