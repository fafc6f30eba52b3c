"""The pages of a merge tell the same facts as its screen."""

from dataclasses import replace

from ropewalk.model.conflict import (
    Conflict,
    ConflictKind,
    ConflictPath,
    ConflictRegion,
    Excerpt,
)
from ropewalk.model.merge import (
    Fix,
    MergedDomain,
    MergedDomainStatus,
    MergeValidation,
    ResolvedBy,
    Suggestion,
)
from ropewalk.report.conflict_words import account, proof_words
from ropewalk.report.html import report_html
from ropewalk.report.markdown import report_markdown
from tests.cli.documents import AGGREGATE, PLAN, PROOF, REPORT, RESULT, merged

CONFLICT = Conflict(
    paths=(
        ConflictPath(
            path="a_b.py",
            kind=ConflictKind.CONTENT,
            regions=(
                ConflictRegion(
                    base=Excerpt(start=1, count=1),
                    ours=Excerpt(start=4, count=1),
                    theirs=Excerpt(start=7, count=3),
                ),
            ),
        ),
        ConflictPath(path="<b>", kind=ConflictKind.MODIFY_DELETE, detail="gone in api."),
    ),
    with_domains=("api",),
    preview_tree=None,
)
DECIDED = replace(
    PROOF,
    candidates_offered=16,
    words=("both kept",),
    dropped=("line 3",),
    edited_outside=("x.py",),
)


def domain(**changed: object) -> MergedDomain:
    entry = merged("web", MergedDomainStatus.RESOLVED, conflict=CONFLICT, resolution=DECIDED)
    return replace(entry, **changed)  # type: ignore[arg-type]


def test_the_account_of_a_resolution_names_what_was_decided_and_what_proves_it() -> None:
    assert list(account(domain(), REPORT.validation)) == [
        "a_b.py (content) with api: lines 7-9 of web against line 4",
        "<b> (modify delete) with api: gone in api.",
        "decided: candidate 2 of 16: both kept",
        "proved by pytest -q",
        "left out: line 3",
        "edited besides: x.py",
    ]


def test_the_account_of_a_conflict_names_what_was_not_taken() -> None:
    close = Suggestion(tree="a" * 40, by=ResolvedBy.CANDIDATE, words=(), reason="no check")
    nameless = Conflict(paths=(), with_domains=(), preview_tree=None, detail="no path")

    close = replace(close, dropped=("line 3", "line 4"))

    stuck = domain(conflict=nameless, resolution=None, suggestions=(close,))

    assert list(account(stuck, REPORT.validation)) == [
        "no path",
        "not taken: candidate (no check)",
        "left out there: line 3",
        "left out there: line 4",
    ]


def proof(
    validation: MergeValidation,
    *,
    by: ResolvedBy = ResolvedBy.PERSON,
    verified_by: tuple[str, ...] = (),
    status: MergedDomainStatus = MergedDomainStatus.RESOLVED,
) -> str:
    resolution = replace(DECIDED, by=by, verified_by=verified_by)
    return proof_words(domain(resolution=resolution, status=status), validation)


def test_a_resolution_without_proof_says_why_there_is_none() -> None:
    checked = REPORT.validation
    failed = replace(checked, runs=(replace(checked.runs[0], exit_code=1),))
    ejected = MergedDomainStatus.EJECTED

    assert proof(replace(checked, commands=(), runs=())) == "no check is configured"
    assert proof(replace(checked, runs=())) == "not proved: no check has been run"
    assert proof(failed) == "not proved: the checks of the merged tree fail"
    assert proof(checked, status=ejected) == "not proved: the checks fail with it"
    assert proof(checked, status=ejected, verified_by=("pytest -q",)) == (
        "passed pytest -q; the checks of the merged tree fail with it"
    )


def test_a_resolution_that_passes_with_fixes_names_them() -> None:
    fix = Fix(commit="a" * 40, by=ResolvedBy.PERSON, domain="web", agent=None, command="pytest -q")
    whole, other = replace(fix, commit="b" * 40, domain=None), replace(fix, domain="api")

    one = replace(REPORT.validation, fixes=(fix, other))
    two = replace(REPORT.validation, fixes=(fix, whole))

    assert proof(one, verified_by=("pytest -q",)) == "passes pytest -q together with fix aaaaaaa"
    assert proof(two, verified_by=("pytest -q",), by=ResolvedBy.CANDIDATE) == (
        "proved by pytest -q together with fixes aaaaaaa, bbbbbbb"
    )


def test_pages_say_what_was_decided_and_how_to_see_it() -> None:
    report = replace(REPORT, domains=(REPORT.domains[0], domain()))

    page = report_markdown(AGGREGATE, [RESULT], report)
    web = report_html(PLAN, AGGREGATE, [RESULT], merge=report)

    assert "2. web: resolved\n   - a\\_b.py (content) with api: lines 7-9 of web" in page
    assert "   - decided: candidate 2 of 16: both kept\n   - proved by pytest -q\n" in page
    assert "   - against both sides: `ropewalk diff search web --resolved`\n" in page
    assert "&lt;b&gt; (modify delete) with api: gone in api.<br>decided: candidate 2" in web
    assert "<code>ropewalk diff search web --resolved</code>" in web
    assert "<b>" not in web
