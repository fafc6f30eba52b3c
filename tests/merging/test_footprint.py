from ropewalk.git.own import own_context
from ropewalk.merging.footprint import Footprint, footprint, may_clash
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


def test_adding_below_a_folder_that_the_other_empties_may_clash(epic: Epic) -> None:
    a = work(epic, {"web/app.js": None, "web/index.html": None})
    b = work(epic, {"web/deep/new.js": "b\n"})

    assert may_clash(a, b)
    assert may_clash(b, a)


def test_adding_below_a_folder_in_which_the_other_leaves_something_cannot_clash(
    epic: Epic,
) -> None:
    a, b = work(epic, {"web/app.js": None}), work(epic, {"web/new.js": "b\n"})

    assert not may_clash(a, b)


def test_new_folders_whose_names_differ_in_case_or_form_may_clash(epic: Epic) -> None:
    a, b = work(epic, {"Caf\u00e9/a.py": "a\n"}), work(epic, {"cafe\u0301/b.py": "b\n"})

    assert may_clash(a, b)


def test_changed_attributes_may_clash_with_everything(epic: Epic) -> None:
    a, b = work(epic, {"docs/.gitattributes": "* -text\n"}), work(epic, {"web/new.js": "b\n"})

    assert may_clash(a, b)
    assert a.attributes == ("docs/.gitattributes",)


def test_a_head_on_top_of_the_other_cannot_clash_with_it(epic: Epic) -> None:
    first = epic.commit({"api/a.py": "a\n"})
    a = footprint(own_context(epic.place), base=epic.base, head=first)
    b = work(epic, {"api/a.py": "b\n"}, on=first)

    assert not may_clash(a, b)
    assert not may_clash(b, a)


def test_two_heads_on_top_of_a_third_may_clash(epic: Epic) -> None:
    first = epic.commit({"api/a.py": "a\n"})
    a, b = work(epic, {"web/a.js": "a\n"}, on=first), work(epic, {"web/b.js": "b\n"}, on=first)

    assert may_clash(a, b)


def test_a_head_without_the_base_may_clash(epic: Epic) -> None:
    elsewhere = epic.commit({"x.txt": "x\n"})
    a = footprint(own_context(epic.place), base=elsewhere, head=epic.commit({"a.txt": "a\n"}))
    b = work(epic, {"web/b.js": "b\n"})

    assert a.commits is None
    assert may_clash(a, b)
