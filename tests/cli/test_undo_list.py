"""The list of what can be taken back, as a person sees it."""

from ropewalk import api
from ropewalk.cli.verbs.undo import log_lines
from ropewalk.merging.operations import RefMove

OLD, NEW = "a" * 40, "b" * 40
LANDING = api.Operation(
    id=4,
    verb="merge",
    at="2025-01-02T03:04:05.678Z",
    landings=(RefMove(ref="refs/heads/main", old=OLD, new=NEW),),
    removed=("api", "web"),
)
TRAIN = api.Operation(
    id=2,
    verb="merge",
    at="2025-01-01T03:04:05Z",
    before={},
    after={"refs/ropewalk/demo/step/1": NEW},
    undone=True,
)


def log(*operations: api.Operation, next_: tuple[str, ...] = ()) -> api.OperationLog:
    return api.OperationLog(epic_id="demo", run_id="r", operations=operations, next_commands=next_)


def test_the_last_operation_stands_first_with_what_it_moved() -> None:
    lines = list(log_lines(log(TRAIN, LANDING, next_=("ropewalk undo demo",))))

    assert [" ".join(line.split()) for line in lines] == [
        "2025-01-02 03:04:05 merge main aaaaaaa → bbbbbbb; 2 worktrees saved and removed",
        "2025-01-01 03:04:05 merge a train, not landed taken back",
        "next: ropewalk undo demo",
    ]


def test_an_epic_of_which_nothing_was_merged_says_so() -> None:
    assert list(log_lines(log())) == ["nothing of demo was merged, landed or cleaned"]
