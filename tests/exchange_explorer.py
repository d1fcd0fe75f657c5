"""Walks every interleaving of a model within its bounds, and keeps a shortest history for every world it meets.

The histories are for replay: against the model itself, and against the real service.
"""

from collections import deque
from dataclasses import dataclass, field

from exchange_model import Action, Model, ViolationError, World


@dataclass
class Exploration:
    """Every world within the bounds, each with the step that first led there."""

    parents: dict[World, tuple[World, Action] | None] = field(default_factory=dict)
    transitions: int = 0

    def history(self, world: World) -> tuple[Action, ...]:
        """A shortest history from the start to a world."""
        actions = []
        parent = self.parents[world]
        while parent is not None:
            actions.append(parent[1])
            parent = self.parents[parent[0]]
        return tuple(reversed(actions))

    def names(self) -> set[str]:
        """The names of all actions that occur."""
        return {parent[1].name for parent in self.parents.values() if parent is not None}


def explore(model: Model) -> Exploration:
    """Walk every interleaving within the model's bounds, breadth first; each world once.

    Raises ViolationError with a shortest history when an invariant does not hold.
    """
    found = Exploration()
    start = model.start()
    found.parents[start] = None
    waiting = deque([start])
    while waiting:
        world = waiting.popleft()
        try:
            model.check(world)
            for action, after in model.steps(world):
                found.transitions += 1
                if after not in found.parents:
                    found.parents[after] = (world, action)
                    waiting.append(after)
        except ViolationError as error:
            raise ViolationError(error.invariant, found.history(world)) from None
    return found
