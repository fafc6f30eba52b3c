from ropewalk.git.own import own_context
from ropewalk.merging.footprint import Footprint, footprint, may_clash, touches
from tests.merging.epics import Change, Epic


def work(epic: Epic, change: dict[str, str | None] | Change, *, on: str | None = None) -> Footprint:
    context = own_context(epic.place)
    return footprint(context, base=epic.base, head=epic.commit(change, on=on))


def test_different_files_cannot_clash(epic: Epic) -> None:
    a, b = work(epic, {"api/a.py": "a\n"}), work(epic, {"api/b.py": "b\n"})

    assert not may_clash(a, b)


def test_the_same_file_may_clash_whatever_its_case(epic: Epic) -> None:
    a, b = work(epic, {"Api.py": "a\n"}), work(epic, {"api.PY": "b\n"})

    assert may_clash(a, b)


def test_a_file_where_the_other_has_a_folder_may_clash(epic: Epic) -> None:
    a, b = work(epic, {"thing": "a\n"}), work(epic, {"thing/inner": "b\n"})

    assert may_clash(a, b)
    assert may_clash(b, a)


def test_deleting_below_a_folder_that_the_other_adds_to_may_clash(epic: Epic) -> None:
    a, b = work(epic, {"web/app.js": None}), work(epic, {"web/new.js": "b\n"})

    assert may_clash(a, b)
    assert may_clash(b, a)


def test_changed_attributes_may_clash_with_everything(epic: Epic) -> None:
    a, b = work(epic, {"docs/.gitattributes": "* -text\n"}), work(epic, {"web/new.js": "b\n"})

    assert may_clash(a, b)
    assert a.attributes == ("docs/.gitattributes",)


def test_a_head_on_top_of_the_other_may_clash(epic: Epic) -> None:
    first = epic.commit({"api/a.py": "a\n"})
    a = footprint(own_context(epic.place), base=epic.base, head=first)
    b = work(epic, {"web/b.js": "b\n"}, on=first)

    assert may_clash(a, b)


def test_a_head_without_the_base_may_clash(epic: Epic) -> None:
    elsewhere = epic.commit({"x.txt": "x\n"})
    a = footprint(own_context(epic.place), base=elsewhere, head=epic.commit({"a.txt": "a\n"}))
    b = work(epic, {"web/b.js": "b\n"})

    assert a.commits is None
    assert may_clash(a, b)


def test_touching_looks_above_and_below(epic: Epic) -> None:
    found = work(epic, {"web/deep/b.js": "b\n"})

    assert touches(found, ["web/deep/b.js"])
    assert touches(found, ["web/deep"])
    assert touches(found, ["web/deep/b.js/inner"])
    assert not touches(found, ["web/other.js"])
