"""An import statement written in the layout of another one."""

from collections.abc import Sequence

_INDENT = "    "


def import_statement(module: str | None, names: Sequence[str], *, like: str, limit: int) -> str:
    """Return the statement that imports `names`.

    Args:
        module: Where they come from; None for ``import x``.
        names: The names, ``x as y`` whole, in order.
        like: The statement whose layout is wanted.
        limit: How many characters a line may have.
    """
    if module is None:
        return "import " + ", ".join(names)
    head = f"from {module} import "
    opened, inside = _opening(like)
    if opened != "(\n" and len(head) + len(", ".join(names)) <= limit:
        return head + ", ".join(names)
    if opened == "(":
        return f"{head}({_filled(names, limit - len(head) - 1, ' ' * (len(head) + 1))})"
    first = inside.partition("\n")[0]
    indent = first[: len(first) - len(first.lstrip())] or _INDENT
    comma = "," if inside.rstrip().rstrip(")").rstrip().endswith(",") or not opened else ""
    several = "," in first.rstrip().rstrip(",")
    body = _filled(names, limit - len(indent), indent) if several else f",\n{indent}".join(names)
    return f"{head}(\n{indent}{body}{comma}\n)"


def _opening(like: str) -> tuple[str, str]:
    """Return the bracket of a statement of several lines, a line end behind it, and the rest."""
    _, bracket, inside = like.partition("(")
    if not bracket or "\n" not in inside:
        return "", ""
    hanging = not inside.partition("\n")[0].strip()
    return ("(\n", inside.partition("\n")[2]) if hanging else ("(", inside)


def _filled(names: Sequence[str], width: int, indent: str) -> str:
    lines = [""]
    for name in names:
        if lines[-1] and len(lines[-1]) + len(name) + len(", ,") > width:
            lines.append("")
        lines[-1] += f", {name}" if lines[-1] else name
    return f",\n{indent}".join(lines)
