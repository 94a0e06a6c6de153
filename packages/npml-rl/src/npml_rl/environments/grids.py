"""Grid worlds of the textbook: the cliff and the mazes.

Actions are 0 up, 1 right, 2 down, 3 left; a state is row * n_columns + column; a move into the border or a wall stays.

References
----------
Sutton and Barto (2018), "Reinforcement Learning: An Introduction", 2nd ed., examples 6.6 (cliff walking), 8.1 (Dyna
maze), 8.2 (blocking maze), 8.3 (shortcut maze), 8.4 (the maze at finer resolutions).
"""

from ..spaces import Discrete

__all__ = ["CliffWalk", "Maze"]

_MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))

_DYNA = """
.......#G
..#....#.
S.#....#.
..#......
.....#...
.........
"""

_BLOCKED_LEFT = """
........G
.........
.........
.########
.........
...S.....
"""

_BLOCKED_RIGHT = """
........G
.........
.........
########.
.........
...S.....
"""

_BLOCKED_MIDDLE = """
........G
.........
.........
.#######.
.........
...S.....
"""


class CliffWalk:
    """From one end of a cliff to the other: -1 a step, -100 and back to the start for stepping off (example 6.6).

    The grid is 4 x 12, the start is at the bottom left, the goal at the bottom right and the cliff between them.

    Examples
    --------
    >>> from npml_rl.environments import CliffWalk
    >>> env = CliffWalk()
    >>> env.reset()
    (36, {})
    >>> env.step(1)
    (36, -100.0, False, False, {})
    """

    shape = (4, 12)

    def __init__(self):
        self.observation_space, self.action_space = Discrete(48), Discrete(4)
        self._state = 36

    def reset(self, seed=None, options=None):
        """Start an episode."""
        self._state = 36
        return self._state, {}

    def step(self, action):
        """Take an action."""
        down, right = _MOVES[action]
        row, column = self._state // 12, self._state % 12
        row, column = min(max(row + down, 0), 3), min(max(column + right, 0), 11)
        if row == 3 and 0 < column < 11:
            self._state = 36
            return 36, -100.0, False, False, {}
        self._state = row * 12 + column
        return self._state, -1.0, self._state == 47, False, {}


class Maze:
    """A maze whose walls may move once: 1 for reaching the goal, 0 for all else.

    Parameters
    ----------
    layout : str
        Lines of ``.`` free, ``#`` wall, ``S`` start, ``G`` goal.
    later : str, optional
        The layout after the change.
    change_at : int, optional
        Steps (over all episodes) until the walls move.

    Examples
    --------
    >>> from npml_rl.environments import Maze
    >>> env = Maze.dyna()
    >>> env.reset()
    (18, {})
    >>> env.step(1)
    (19, 0.0, False, False, {})
    """

    def __init__(self, layout, later=None, change_at=None):
        rows = layout.split()
        self.shape = (len(rows), len(rows[0]))
        cells = "".join(rows)
        if len(cells) != self.shape[0] * self.shape[1] or cells.count("S") != 1 or "G" not in cells:
            raise ValueError(f"layout must be lines of one length with one S and a G, got {layout!r}")
        self.start = cells.index("S")
        self.cells = cells
        self._later = None if later is None else "".join(later.split())
        self._change_at = change_at
        self._time = 0
        self._state = self.start
        self.observation_space, self.action_space = Discrete(len(cells)), Discrete(4)

    @classmethod
    def dyna(cls, resolution=1):
        """The maze of example 8.1, each cell cut into resolution x resolution."""
        rows = [[cell for cell in row for _ in range(resolution)] for row in _DYNA.split()]
        rows = [list(row) for row in rows for _ in range(resolution)]
        starts = [(i, j) for i, row in enumerate(rows) for j, cell in enumerate(row) if cell == "S"]
        for i, j in starts[1:]:
            rows[i][j] = "."
        return cls("\n".join("".join(row) for row in rows))

    @classmethod
    def blocking(cls, change_at=1000):
        """Example 8.2: the way on the right closes and one on the left opens."""
        return cls(_BLOCKED_RIGHT, _BLOCKED_LEFT, change_at)

    @classmethod
    def shortcut(cls, change_at=3000):
        """Example 8.3: a shorter way opens on the right, the one on the left stays."""
        return cls(_BLOCKED_LEFT, _BLOCKED_MIDDLE, change_at)

    def reset(self, seed=None, options=None):
        """Start an episode."""
        self._state = self.start
        return self._state, {}

    def step(self, action):
        """Take an action."""
        self._time += 1
        if self._time == self._change_at:
            self.cells = self._later
        n_rows, n_columns = self.shape
        down, right = _MOVES[action]
        row, column = self._state // n_columns + down, self._state % n_columns + right
        if 0 <= row < n_rows and 0 <= column < n_columns and self.cells[row * n_columns + column] != "#":
            self._state = row * n_columns + column
        done = self.cells[self._state] == "G"
        return self._state, float(done), done, False, {}
