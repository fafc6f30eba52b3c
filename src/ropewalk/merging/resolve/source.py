"""The offers of one rung, one after another, no tree twice."""

from collections.abc import Generator, MutableMapping

from ropewalk.merging.resolve.values import Offered, Refused


class Source:
    """What a rung offers.

    Args:
        offers: the rung at work.
        answers: why a tree did not count, by its id; None while that is open. Trees that are in it
            already were offered by another rung, and are answered at once.
    """

    def __init__(
        self,
        offers: Generator[Offered, Refused | None, str | None],
        answers: MutableMapping[str, Refused | None],
    ) -> None:
        self._offers = offers
        self._answers = answers
        self.said: str | None = None

    def pull(self, answer: Refused | None = None) -> Offered | None:
        """Return the next tree, None when there is none.

        Args:
            answer: why the last one did not count; None while that is not known.
        """
        try:
            offered = self._offers.send(answer)
            while offered.tree in self._answers:
                offered = self._offers.send(self._answers[offered.tree])
        except StopIteration as end:
            self.said = end.value or self.said
            return None
        self._answers[offered.tree] = None
        return offered

    def close(self) -> None:
        """Tell the rung that nothing more is wanted."""
        self._offers.close()
