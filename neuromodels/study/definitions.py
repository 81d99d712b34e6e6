"""What a name in a user's file is made of: its definition, and what that reads, in turn.

The file is read and never run. What may take part is never left out: where nobody can tell what
does, the whole file counts.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

UNTELLABLE = {
    *("exec", "eval", "compile", "globals", "locals", "vars", "setattr", "delattr", "__import__"),
    *("__dict__", "__globals__", "__builtins__", "modules", "import_module", "reload"),
    *("_getframe", "currentframe", "stack", "getsource", "getsourcelines", "getmembers"),
}
"""Names and attributes by which a file can reach what it does not name."""
CHANCE = {"random", "secrets", "rand", "randn", "randint"}
"""What gives something else at each call."""
TRUSTED = {"print", "__name__"}
"""Names that must mean what they always do."""
CHANGING = {
    *("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "add", "discard"),
    *("update", "setdefault", "popitem", "appendleft", "popleft", "rotate", "send", "throw"),
    *("next", "__next__", "__setitem__", "__setattr__", "__delitem__", "read", "readline", "write"),
}
"""Calls that change what they are called on."""
LASTING_MODULES = {*sys.stdlib_module_names, "neuromodels", "brian2", "numpy", "scipy"}
FROZEN_FROM = {"neuromodels", "brian2", "math", "textwrap", "dataclasses"}
"""Packages whose functions return what does not change."""
FROZEN = {"tuple", "frozenset", "str", "int", "float", "bool", "len", "sum", "min", "max", "abs"}
"""Built-in functions that do so too."""
FROZEN_METHODS = {
    *("format", "join", "replace", "strip", "lstrip", "rstrip", "lower", "upper"),
    *("removeprefix", "removesuffix", "with_options", "with_coefficients"),
}
"""Methods of texts, rules and neuron models that do so too."""
COMPOSED = (
    *(ast.Tuple, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.JoinedStr),
    *(ast.FormattedValue, ast.Attribute, ast.Subscript, ast.Slice, ast.Starred),
)
"""Expressions that last where their parts do."""
Function = ast.FunctionDef | ast.AsyncFunctionDef
MOST_BYTES = 1_000_000


def made_of(source: bytes, name: str) -> str | None:
    """Return a digest of what a name at the top of a file is made of.

    Comments, formatting and definitions that take no part in it do not count.

    Parameters
    ----------
    source
        The content of the file.

    Returns
    -------
    str or None
        None where nobody can tell, as with ``import *`` or ``exec``.
    """
    try:
        module = _read(source)
        if _is_untellable(module):
            return None
        parts = Parts([each for each in module.body if not _is_idle(each)])
        texts = [_text_of(each) for each in parts.behind(name)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return sha256("\n".join(texts).encode()).hexdigest() if texts else None


def _read(source: bytes) -> ast.Module:
    if len(source) > MOST_BYTES:
        raise ValueError("nobody has written this")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they come again when the file is run
        return ast.parse(source)


class Parts:
    """The statements at the top of a file, and which take part in what a name stands for.

    Parameters
    ----------
    statements
        In the order of the file.
    """

    def __init__(self, statements: list[ast.stmt]):
        self._statements = statements
        self._binders: dict[str, list[int]] = {}
        for number, statement in enumerate(statements):
            for name in _names_bound(statement):
                self._binders.setdefault(name, []).append(number)
        self._names = [_names_in(each) & set(self._binders) for each in statements]
        self._lasting = self._find_lasting()

    def behind(self, name: str) -> list[ast.stmt]:
        """Return the statements that a name is made of; empty: nothing binds it."""
        if name not in self._binders:
            return []
        waiting = {n for n, each in enumerate(self._statements) if _has_effect(each)}
        waiting |= set(self._binders[name])
        taken: set[int] = set()
        while waiting:
            taken |= waiting
            names = {each for n in waiting for each in self._names[n]}
            waiting = {n for each in names for n in self._taking_part_in(each)} - taken
        return [self._statements[number] for number in sorted(taken)]

    def _taking_part_in(self, name: str) -> Iterator[int]:
        """Yield what binds a name, and whatever can change the value that it has."""
        yield from self._binders[name]
        if name not in self._lasting:
            yield from (number for number, names in enumerate(self._names) if name in names)

    def _find_lasting(self) -> set[str]:
        """Return the names of values that stay as they are, whoever gets hold of them."""
        lasting, before = set(self._binders), None
        while lasting != before:
            before = set(lasting)
            lasting = {each for each in before if self._lasts(each, before)}
        return lasting

    def _lasts(self, name: str, lasting: set[str]) -> bool:
        statements = [self._statements[number] for number in self._binders[name]]
        return all(self._binds_lasting(each, lasting) for each in statements)

    def _binds_lasting(self, statement: ast.stmt, lasting: set[str]) -> bool:
        if _comes_from(LASTING_MODULES, statement):
            return True
        if isinstance(statement, Function):
            return self._has_no_state(statement, lasting)
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            return statement.value is None or self._is_lasting(statement.value, lasting)
        return False

    def _has_no_state(self, function: Function, lasting: set[str]) -> bool:
        """Whether calls of a function leave nothing behind."""
        inside = list(ast.walk(function))
        kept = [each for each in inside if _changes_something(each) or _is_part_set(each)]
        given = {each.arg for each in inside if isinstance(each, ast.arg)}
        shared = any(_root_of(each) in {*self._binders, *given} for each in kept)
        defaults = [*function.args.defaults, *filter(None, function.args.kw_defaults)]
        is_plain = all(self._is_lasting(each, lasting) for each in defaults)
        is_plain &= not function.decorator_list and not shared
        return is_plain and self._reads_lasting(function, lasting)

    def _reads_lasting(self, node: ast.AST, lasting: set[str]) -> bool:
        return _names_in(node) & set(self._binders) <= lasting

    def _is_lasting(self, value: ast.AST, lasting: set[str]) -> bool:
        """Whether a value stays as it is: a number, a text, a rule, and tuples of them."""
        if isinstance(value, ast.Constant):
            return True
        if isinstance(value, ast.Name | ast.Lambda):
            return self._reads_lasting(value, lasting)
        if isinstance(value, ast.Call):
            return self._makes_frozen(value.func, lasting) and self._reads_lasting(value, lasting)
        parts = [each for each in ast.iter_child_nodes(value) if isinstance(each, ast.expr)]
        return isinstance(value, COMPOSED) and all(self._is_lasting(p, lasting) for p in parts)

    def _makes_frozen(self, function: ast.expr, lasting: set[str]) -> bool:
        """Whether a call returns what stays as it is: a rule, a coefficient, a text."""
        if isinstance(function, ast.Attribute) and function.attr in FROZEN_METHODS:
            return self._is_lasting(function.value, lasting)
        root, sources = _root_of(function), self._sources(function)
        if root not in self._binders:
            return root in FROZEN and isinstance(function, ast.Name)
        return all(_comes_from(FROZEN_FROM, each) or self._returns_frozen(each) for each in sources)

    def _returns_frozen(self, function: ast.stmt) -> bool:
        """Whether a function returns a rule, a coefficient or the like as it was just made."""
        inside = list(ast.walk(function))
        if not isinstance(function, Function) or any(map(_is_later, inside)):
            return False
        made = [each.value for each in inside if isinstance(each, ast.Return)]
        return bool(made) and all(
            isinstance(each, ast.Call)
            and all(_comes_from(FROZEN_FROM, source) for source in self._sources(each.func))
            for each in made
        )

    def _sources(self, value: ast.expr) -> list[ast.stmt]:
        """Return what binds the name at the root of an expression; itself where nothing does."""
        numbers = self._binders.get(_root_of(value) or "", ())
        return [self._statements[number] for number in numbers] or [ast.Expr(value)]


# -- what a statement does ------------------------------------------------------------------------


def _is_untellable(module: ast.Module) -> bool:
    """Whether a file can reach what it does not name, or depends on what was drawn before."""
    nodes = list(ast.walk(module))
    imports = [each for each in nodes if isinstance(each, ast.Import | ast.ImportFrom)]
    if any(_parts_of(each) & {"*", *CHANCE, *UNTELLABLE} for each in imports):
        return True
    imported = {name for each in imports for name in _names_bound(each)}
    bound = {name for each in module.body for name in _names_bound(each)}
    return bool(bound & TRUSTED) or any(_reaches_beyond(each, imported) for each in nodes)


def _reaches_beyond(node: ast.AST, imported: set[str]) -> bool:
    if isinstance(node, ast.Attribute):
        # np.random, and not the method of a generator that a task is given
        is_chance = node.attr in CHANCE and _root_of(node) in imported
        return is_chance or node.attr in UNTELLABLE
    is_named = isinstance(node, ast.Name) and node.id in UNTELLABLE
    return is_named or isinstance(node, ast.Global)


def _parts_of(node: ast.Import | ast.ImportFrom) -> set[str]:
    """Return the parts of all dotted names in an import."""
    dotted = [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        dotted.append(node.module or "")
    return {part for name in dotted for part in name.split(".")}


def _packages_of(node: ast.Import | ast.ImportFrom) -> set[str]:
    """Return the packages that an import takes something from; empty text: the file's own."""
    if isinstance(node, ast.ImportFrom):
        return {"" if node.level else (node.module or "").split(".")[0]}
    return {alias.name.split(".")[0] for alias in node.names}


def _is_idle(statement: ast.stmt) -> bool:
    """Whether a statement leaves nothing behind when a study names its file."""
    if isinstance(statement, ast.If) and not statement.orelse:
        return ast.unparse(statement.test) == "__name__ == '__main__'"
    if not isinstance(statement, ast.Expr):
        return isinstance(statement, ast.Pass)
    doing = [each for each in ast.walk(statement) if isinstance(each, ast.Call | ast.NamedExpr)]
    is_said = bool(doing) and doing[0] is statement.value and _root_of(doing[0]) == "print"
    return isinstance(statement.value, ast.Constant) or (is_said and len(doing) == 1)


def _has_effect(statement: ast.stmt) -> bool:
    """Whether a statement may do more than give values to names: it takes part in everything."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return _packages_of(statement) == {"__future__"}
    if isinstance(statement, ast.Assign):
        is_plain = all(map(_is_plain, statement.targets))
    elif isinstance(statement, ast.AnnAssign):
        is_plain = _is_plain(statement.target)
    else:
        is_plain = isinstance(statement, Function | ast.ClassDef | ast.TypeAlias)
    return not is_plain or any(map(_changes_something, _run_at_once(statement)))


def _is_plain(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(map(_is_plain, target.elts))
    return isinstance(target, ast.Name)


def _comes_from(packages: set[str], statement: ast.stmt) -> bool:
    """Whether a statement is an import from some packages alone."""
    if not isinstance(statement, ast.Import | ast.ImportFrom):
        return False
    return _packages_of(statement) <= packages


def _is_later(node: ast.AST) -> bool:
    """Whether a function with such a node in it returns something else than it says."""
    return isinstance(node, ast.Yield | ast.YieldFrom | ast.AsyncFunctionDef)


def _is_part_set(node: ast.AST) -> bool:
    """Whether a node gives a value to a part of something."""
    if not isinstance(node, ast.Attribute | ast.Subscript):
        return False
    return not isinstance(node.ctx, ast.Load)


def _root_of(node: ast.AST) -> str | None:
    """Return the name that an expression takes a part of, or calls; None: it is no name."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _changes_something(node: ast.AST) -> bool:
    """Whether a node is a call that changes what it is called on."""
    if not isinstance(node, ast.Call):
        return False
    called = {getattr(node.func, key, None) for key in ("id", "attr")}
    return bool(called & CHANGING)


def _run_at_once(node: ast.AST, into_classes: bool = True) -> Iterator[ast.AST]:
    """Yield what is run where a statement stands: all but the bodies of functions."""
    yield node
    for field, value in ast.iter_fields(node):
        is_later = isinstance(node, Function | ast.Lambda) and field == "body"
        is_inner = isinstance(node, ast.ClassDef) and field == "body" and not into_classes
        if is_later or is_inner:
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield from _run_at_once(each, into_classes)


def _names_in(node: ast.AST) -> set[str]:
    """Return all names in a statement, and those that it binds."""
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return names | (_names_bound(node) if isinstance(node, ast.stmt) else set())


def _names_bound(statement: ast.stmt) -> set[str]:
    """Return the names that a statement gives a value at the top of a file."""
    names: set[str] = set()
    for node in _run_at_once(statement, into_classes=False):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, Function | ast.ClassDef | ast.ExceptHandler | ast.MatchAs):
            names |= {node.name} if node.name else set()
    return names


def _text_of(value: Any) -> str:
    """Return a node of a syntax tree as a text, the same in all versions of Python."""
    if isinstance(value, list):
        return f"[{','.join(map(_text_of, value))}]"
    if isinstance(value, ast.Constant):
        return f"{type(value.value).__name__}:{value.value!a}"
    if not isinstance(value, ast.AST):
        return ascii(value)
    fields = [
        f"{name}={_text_of(each)}"
        for name, each in ast.iter_fields(value)
        if name != "ctx" and each is not None and each != []
    ]
    return f"{type(value).__name__}({','.join(fields)})"
