"""What Windows lacks is used by no module when it is imported. Nothing was run there."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "neuromodels"
FILES = sorted(PACKAGE.rglob("*.py"))
ABSENT_MODULES = {"fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "syslog", "readline"}
ABSENT_NAMES = {
    "os": {
        "O_NOFOLLOW",
        "O_NONBLOCK",
        "O_DIRECTORY",
        "O_CLOEXEC",
        "geteuid",
        "getuid",
        "getegid",
        "getgid",
        "fork",
        "killpg",
        "setsid",
        "uname",
        "sysconf",
        "pread",
        "pwrite",
        "sched_getaffinity",
        "getloadavg",
        "mkfifo",
        "getpgid",
        "chown",
    },
    "signal": {
        "SIGBUS",
        "SIGKILL",
        "SIGPIPE",
        "SIGHUP",
        "SIGALRM",
        "SIGUSR1",
        "SIGUSR2",
        "SIGCHLD",
        "SIGCONT",
        "SIGSTOP",
        "pthread_sigmask",
        "setitimer",
        "alarm",
        "SIG_BLOCK",
        "SIG_SETMASK",
    },
    "time": {"clock_gettime", "CLOCK_BOOTTIME", "CLOCK_MONOTONIC", "tzset"},
}


def run_at_import(node):
    """Yield the nodes that an import of the module runs, but what asks for the system first."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            defaults = [] if isinstance(child, ast.Lambda) else child.decorator_list
            for each in [*child.args.defaults, *child.args.kw_defaults, *defaults]:
                if each is not None:
                    yield each
                    yield from run_at_import(each)
        elif not (isinstance(child, ast.If) and "platform" in ast.unparse(child.test)):
            yield child
            yield from run_at_import(child)


def absent_in(tree):
    """Yield what of a module would fail on Windows when it is imported."""
    for node in run_at_import(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            for name in names if isinstance(node, ast.Import) else [str(node.module)]:
                if name.split(".")[0] in ABSENT_MODULES:
                    yield name
            if isinstance(node, ast.ImportFrom):
                yield from set(names) & ABSENT_NAMES.get(str(node.module), set())
        elif isinstance(node, ast.Attribute) and node.attr in ABSENT_NAMES.get(
            ast.unparse(node.value), ()
        ):
            yield ast.unparse(node)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_an_import_needs_nothing_that_windows_lacks(path):
    assert not list(absent_in(ast.parse(path.read_text("utf-8"))))


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("import fcntl", ["fcntl"]),
        ("from os import fork", ["fork"]),
        ("STOPS = (signal.SIGKILL,)", ["signal.SIGKILL"]),
        ("class A:\n    flags = os.O_NOFOLLOW", ["os.O_NOFOLLOW"]),
        ("def f(a=os.O_NONBLOCK):\n    import pwd", ["os.O_NONBLOCK"]),
        ("import sys\nif sys.platform != 'win32':\n    import pwd", []),
        ("def f():\n    os.fork()", []),
        ("A = getattr(os, 'O_NOFOLLOW', 0)", []),
    ],
)
def test_the_rule_sees_what_an_import_runs(text, absent):
    assert list(absent_in(ast.parse(text))) == absent
