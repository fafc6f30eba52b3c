"""What is said about a resolution names the sides and what was done."""

from ropewalk.merging.resolve.candidates import candidates
from ropewalk.merging.resolve.values import FileCandidate, FileConflict
from ropewalk.merging.resolve.words import describe, left_out


def said(*methods: str) -> str:
    candidate = FileCandidate(content=b"", methods=methods, score=0.0)
    return describe("a.py", candidate, domain="api")


def test_each_way_is_said_once_and_names_the_domain() -> None:
    assert said("theirs_then_ours", "ours", "theirs_then_ours") == (
        "a.py: both kept, api's first; as the train has it"
    )
    assert said("both_sides_by_tokens_else_ours_then_theirs") == (
        "a.py: both changes, put together word by word, and where they clash, both kept, "
        "the train's first"
    )
    assert said("driver json") == "a.py: by the merge driver 'json'"
    assert said("members_theirs_redone") == (
        "a.py: the definitions of both, put together, and where they clash, as api has it, "
        "the change of one made again in the other"
    )
    assert said("something_new_of_theirs_at_last") == "a.py: something new of api's at last"


def test_what_was_left_out_names_the_side_it_is_of() -> None:
    reason = ": 'y = 3' stands there instead, as ours has it"

    assert left_out("a.py", f"theirs: 'x = ours: 1' is not there{reason}", domain="api") == (
        "a.py, of api: 'x = ours: 1' is not there: 'y = 3' stands there instead,"
        " as the train has it"
    )
    removed = "theirs removed what it was made from"
    assert left_out("a.py", f"ours: 'x' is not there: {removed}", domain="api") == (
        "a.py, of the train: 'x' is not there: api removed what it was made from"
    )
    assert left_out("a.py", "3 more lines are not there", domain="api") == (
        "a.py, 3 more lines are not there"
    )


def test_every_way_of_the_candidates_has_words() -> None:
    conflict = FileConflict(
        path="a.py",
        base=b"from a import b\n\ndef f(a):\n    return a\n",
        ours=b"from a import b, c\n\ndef f(a, b=1):\n    return a + b\n",
        theirs=b"from a import b, d\n\ndef f(a, c=2):\n    return a * c\n",
    )
    methods = {method for one in candidates(conflict) for method in one.methods}

    assert methods
    for method in methods:
        assert "_" not in said(method).removeprefix("a.py"), method
        assert "theirs" not in said(method), method
