"""Change logs: sections and their entries."""

from tests.merging.resolve.offering import offered, region


def test_sections_of_two_versions_stand_both_the_newer_first() -> None:
    found = offered(
        "sections",
        region(
            "CHANGES.rst",
            before="Changes\n=======\n\n",
            ours="Version 1.9.3\n-------------\n\n- A repair.\n\n\n",
            theirs="Version 1.10\n------------\n\n- A feature.\n\n\n",
        ),
    )

    assert found["sections_newest_first"] == (
        "Version 1.10\n------------\n\n- A feature.\n\n\n"
        "Version 1.9.3\n-------------\n\n- A repair.\n\n\n"
    )
    assert found["sections_oldest_first"].startswith("Version 1.9.3")


def test_entries_that_both_sides_add_under_a_new_title_stand_below_one_title() -> None:
    found = offered(
        "sections",
        region(
            "CHANGELOG.md",
            ours="## Unreleased\n\n### Added\n\n- one\n\n",
            theirs="## Unreleased\n\n### Added\n\n- two\n\n### Fixed\n\n- three\n\n",
        ),
    )

    assert found["sections_newest_first"] == (
        "## Unreleased\n\n### Added\n\n- one\n- two\n\n### Fixed\n\n- three\n\n"
    )


def test_equal_titles_under_different_versions_are_kept_apart() -> None:
    found = offered(
        "sections",
        region(
            "CHANGELOG.md",
            ours="## 2.0.0\n### Added\n- one\n",
            theirs="## 1.9.0\n### Added\n- two\n",
        ),
    )

    assert found["sections_newest_first"].splitlines() == [
        "## 2.0.0",
        "### Added",
        "- one",
        "## 1.9.0",
        "### Added",
        "- two",
    ]


def test_prose_without_titles_is_left_alone() -> None:
    assert not offered("sections", region("notes.md", ours="- one\n", theirs="- two\n"))
