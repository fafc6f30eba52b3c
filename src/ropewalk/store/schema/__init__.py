"""The one place where data from outside becomes values of `ropewalk.model`.

Everything that a person, an agent or another program wrote passes through here once: size cap
first, then a strict parser, then the value. What does not fit is an `InvalidInput` that names the
file, the line and the column. Only this package imports pydantic.
"""
