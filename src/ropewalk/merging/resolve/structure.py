"""Methods that know the structure of what they resolve, by name."""

from ropewalk.merging.resolve.python_imports import imports
from ropewalk.merging.resolve.python_members import members
from ropewalk.merging.resolve.sections import sections
from ropewalk.merging.resolve.values import Method
from ropewalk.merging.resolve.woven import woven

METHODS: tuple[tuple[str, Method], ...] = (
    ("woven", woven),
    ("imports", imports),
    ("members", members),
    ("sections", sections),
)
