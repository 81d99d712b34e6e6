"""Studies that come with the package: in its checkout, or in what pip has installed."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

BUNDLE = "_bundled"
STUDIES = "studies"
FOLDERS = ("", STUDIES, f"{STUDIES}/networks")
"""Where a study is looked for by its name."""


def bundled_folder() -> Path:
    """Return where studies/ and figures/ of the package lie."""
    package = Path(str(files("neuromodels")))
    installed = package / BUNDLE
    return installed if installed.is_dir() else package.parent


def study_named(text: str) -> tuple[str, str]:
    """Return the study file that a user means, and what is to be said of it.

    A file goes first, then a study of that name in the current folder, then one of the package.

    Parameters
    ----------
    text
        A path, or a name such as ``"pdlf_copy_quick"``.

    Returns
    -------
    The path as it was given, and nothing to say, where there is no such study.
    """
    if _is_file(Path(text)):
        return text, ""
    own, bundled = _found(text, Path()), _found(text, bundled_folder())
    if own is not None:
        is_other = bundled is not None and not own.samefile(bundled)
        before = ", before that of the package" if is_other else ""
        return str(own), f"this takes the study of the folder that you are in: {own}{before}"
    if bundled is not None:
        return str(bundled), f"this takes the study that comes with the package: {bundled}"
    return text, ""


def _found(text: str, folder: Path) -> Path | None:
    """Return a study of a folder, by its name or by its path from there."""
    if not text or Path(text).is_absolute() or ".." in Path(text).parts:
        return None
    if text.startswith(f"{STUDIES}/"):
        tried = [folder / text]
    else:
        tried = [folder / place / f"{text}.toml" for place in FOLDERS if "/" not in text]
    return next((path for path in tried if _is_file(path)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False
