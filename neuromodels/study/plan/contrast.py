"""A contrast: which of two scores a study expects to be higher, said before it is run."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from neuromodels.errors import DeclarationError
from neuromodels.study.kinds import nearest

OWNER = "Contrast"
_WITHIN = r"(?:\s+within\s+(?P<margin>\S+))?\s*"
FORMS = (
    # names of settings hold signs, without spaces around them
    re.compile(rf"\s*(?P<left>.+?)\s+(?P<relation>!=|[<>=])\s+(?P<right>.+?){_WITHIN}"),
    re.compile(rf"(?P<left>[^<>=!]+?)\s*(?P<relation>!=|[<>=])\s*(?P<right>[^<>=!]+?){_WITHIN}"),
)
MEANING = {
    ">": "is higher than",
    "<": "is lower than",
    "!=": "differs from",
    "=": "equals",
}
"""What each sign claims of two mean scores."""
BETWEEN = "/"
"""Between the name of a setting of a sweep and that of a condition."""


@dataclass(frozen=True)
class Side:
    """A score of a contrast: that of a condition, in one setting of a sweep, or a number.

    Parameters
    ----------
    condition
        Empty for a number.
    setting
        Of a sweep; empty where there is one study.
    number
        What a score is compared with, such as chance.
    """

    condition: str = ""
    setting: str = ""
    number: float | None = None

    def __str__(self) -> str:
        if self.number is not None:
            return f"{self.number:g}"
        return f"{self.setting} {BETWEEN} {self.condition}" if self.setting else self.condition


@dataclass(frozen=True)
class Contrast:
    """A claim about two scores, each the mean over seeds.

    Parameters
    ----------
    left, right
        What is compared; seeds are paired where both are scores.
    relation
        A key of `MEANING`.
    margin
        How far apart two scores may lie that are called equal; 0 with any other relation.
    """

    left: Side
    relation: str
    right: Side
    margin: float = 0.0

    def __str__(self) -> str:
        within = f" within {self.margin:g}" if self.margin else ""
        return f"{self.left} {self.relation} {self.right}{within}"


def contrast_of(text: str, conditions: Mapping[str, Collection[str]]) -> list[Contrast]:
    """Return the contrasts that a text declares: one, or one in each setting of a sweep.

    Parameters
    ----------
    text
        Such as ``"plastic > fixed"``, ``"plastic > 0.5"`` or ``"plastic = reset within 0.02"``. In
        a sweep ``"length=8 / plastic"`` names a condition of one setting; a condition alone stands
        for that of every setting.
    conditions
        Names of the conditions that are tested, by setting; the setting of a study is ``""``.

    Raises
    ------
    DeclarationError
        Where it has another form, or names what there is not.
    """
    found = next(filter(None, (form.fullmatch(text.strip()) for form in FORMS)), None)
    if found is None:
        cure = "Write for instance 'plastic > fixed', or 'plastic = reset within 0.02'."
        raise DeclarationError(OWNER, "must be two scores with one of > < != = between", text, cure)
    margin = _margin(text, found["relation"], found["margin"])
    sides = [_side(found[name], conditions) for name in ("left", "right")]
    if all(side.number is not None for side in sides):
        raise DeclarationError(OWNER, "must name a condition", text)
    settings = [""] if any(side.setting for side in sides) else list(conditions)
    return [
        Contrast(_in(sides[0], setting), found["relation"], _in(sides[1], setting), margin)
        for setting in settings
    ]


def _margin(text: str, relation: str, margin: str | None) -> float:
    if (relation == "=") != (margin is not None):
        cure = "Equality needs a margin, 'a = b within 0.02'; nothing else has one."
        raise DeclarationError(OWNER, "must say how far apart equal scores may lie", text, cure)
    if margin is None:
        return 0.0
    value = _number(margin)
    if value is None or not value > 0:
        raise DeclarationError(OWNER, "its margin must be a number above 0", margin)
    return value


def _side(text: str, conditions: Mapping[str, Collection[str]]) -> Side:
    number = _number(text)
    if number is not None:
        return Side(number=number)
    setting, _, condition = (part.strip() for part in text.rpartition(BETWEEN))
    if setting and setting not in conditions:
        cure = nearest(setting, conditions).strip()
        raise DeclarationError(OWNER, "must name a setting of the sweep", setting, cure)
    tested = {name for each in conditions.values() for name in each}
    if condition not in (conditions[setting] if setting else tested):
        known = ", ".join(sorted(tested))
        must = f"must name conditions that are tested, out of {known}"
        raise DeclarationError(OWNER, must, condition, nearest(condition, tested).strip())
    return Side(condition, setting)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def _in(side: Side, setting: str) -> Side:
    return side if side.setting or side.number is not None else Side(side.condition, setting)
