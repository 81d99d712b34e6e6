"""Packages that only some questions need."""

from __future__ import annotations

from importlib.util import find_spec

from neuromodels.errors import DeclarationError, pip_command


def need(where: str, package: str, extra: str) -> None:
    """Refuse at once where a package is not installed, before anything has run.

    Parameters
    ----------
    where
        Who needs it.
    package
        Its name.
    extra
        Of this package, with which it comes.

    Raises
    ------
    DeclarationError
        With the command that installs it.
    """
    if find_spec(package) is None:
        cure = f"Install it: {pip_command(extra)}."
        raise DeclarationError(
            where, f"needs the package {package}, which is not installed", cure=cure
        )
