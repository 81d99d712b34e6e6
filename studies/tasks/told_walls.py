"""The T-maze for circuits that may know which sensors see which wall.

In `t_maze` all 20 sensory neurons are one group, so that no coefficient of a group can part them.
Here the first ten and the last ten are a group each.  With ``permuted = 0`` the first ten see the
left wall in every episode, and only the cues of the test are left to remember.  The delay before
the junction of the test is named, too: the condition `reset` erases all activity in it.
"""

from dataclasses import replace

from neuromodels.tasks.t_maze import LENGTH, STEP_MS, T_MAZE, WALL

CUED = f"(training*({LENGTH}) + cues*period//{STEP_MS})"
"""Steps until the last cue of the test is over."""

T_MAZE_WALLS = replace(
    T_MAZE,
    name="t_maze_walls",
    summary="turn to the side with more cues; each wall has a group of sensors",
    groups=(WALL, WALL, *T_MAZE.groups[1:]),
    delay=(CUED, f"({CUED} + delay//{STEP_MS})"),
)
