"""A console for texts of strangers: what they hold is shown, and never obeyed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from neuromodels.errors import printable


class Screen(Console):
    """A console on which only the package itself sets colours and moves the cursor.

    Raises
    ------
    BrokenPipeError
        When its reader has gone away.
    """

    def __init__(self, **settings: Any):
        super().__init__(markup=False, emoji=False, **settings)

    def render_str(self, text: str, **settings: Any) -> Text:
        """Return a text as it will be measured and shown."""
        return super().render_str(printable(text), **settings)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield what is shown, all texts of others printable."""
        for part in super().render(renderable, options):
            yield part if part.control else part._replace(text=printable(part.text))

    def on_broken_pipe(self) -> None:
        """Say nothing more, and let whoever prints know."""
        self.quiet = True
        raise BrokenPipeError
