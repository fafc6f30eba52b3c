"""Plans as a model answers them."""

import json
from collections.abc import Sequence

Fields = dict[str, object]


def domain(name: str, *files: str, after: Sequence[str] = (), **more: object) -> Fields:
    """A domain as the schema asks for it."""
    return {
        "name": name,
        "description": f"the {name} part",
        "files": list(files),
        "new_files": [],
        "depends_on": list(after),
        "briefing": None,
        "stacked": False,
        **more,
    }


def draft(*domains: Fields, **more: object) -> str:
    """The text of a plan."""
    return json.dumps({"title": "Search the shop", "domains": list(domains), **more})
