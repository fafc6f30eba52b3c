"""Exit codes of the documents that the verbs write."""

from collections.abc import Mapping

from ropewalk.model.result import Aggregate, OverallStatus
from ropewalk.model.validation import ValidationReport, ValidationStatus

DONE, FAILED, CONFLICT, CHECKS_FAILED, REFUSED, PARTIAL, NO_AGENT = 0, 1, 3, 4, 5, 6, 7

_AGGREGATE: Mapping[OverallStatus, int] = {
    OverallStatus.SUCCESS: DONE,
    OverallStatus.PARTIAL: PARTIAL,
    OverallStatus.FAILED: NO_AGENT,
}


def of_aggregate(document: Aggregate) -> int:
    """Return the exit code of phase 1: 0 all, 6 some, 7 none."""
    return _AGGREGATE[document.status]


def of_validation(document: ValidationReport) -> int:
    """Return the exit code of phase 2: 0 passed or fixed, 4 failed, 5 fixed but not landed."""
    if document.status is ValidationStatus.FAILED:
        return CHECKS_FAILED
    return DONE
