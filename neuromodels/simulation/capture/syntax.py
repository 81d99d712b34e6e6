"""Expressions as Python's syntax trees, which Brian2 renders too."""

from __future__ import annotations

import ast


def syntax_tree(expression: str) -> ast.expr:
    """Return the syntax tree of an expression."""
    return ast.parse(expression.strip(), mode="eval").body


def names_in(node: ast.AST) -> set[str]:
    """Return all names in a tree, those of functions included."""
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def has_call(node: ast.AST) -> bool:
    """Whether a tree calls a function."""
    return any(isinstance(inner, ast.Call) for inner in ast.walk(node))
