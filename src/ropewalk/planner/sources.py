"""What a file says about itself: what it defines, explains, uses and imports.

Python is read by its own parser, other languages by patterns that are right often enough to rank
files. Nothing is executed, and no content makes it fail: what cannot be read yields less.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from ropewalk.planner.words import identifiers, stem_set, stems

_DEFINITION = re.compile(
    r"""(?mx)
    \b(?:function\*?|class|interface|enum|struct|trait|impl|module|namespace|def|fn|func|sub|record
       |protocol|type)\s+(?:\([^)]{0,80}\)\s*)?(?P<named>[A-Za-z_$][\w$]*)
    |\bexport\s+(?:default\s+)?(?:async\s+)?(?:const|let|var)\s+(?P<exported>[A-Za-z_$][\w$]*)
    |^(?:const|let|var)\s+(?P<constant>[A-Za-z_$][\w$]*)
    |\b(?:CREATE|ALTER|create|alter)\s+(?:TABLE|VIEW|INDEX|TYPE|table|view|index|type)\s+
       (?:(?:IF|if)\s+(?:(?:NOT|not)\s+)?(?:EXISTS|exists)\s+)?["`\[]?(?P<table>[A-Za-z_][\w.]*)
    |^\s{0,8}[.#](?P<style>[A-Za-z_][\w-]*)[^\n;]{0,80}\{
    |\b(?:id|name|class)=["'](?P<attribute>[\w -]{1,80})["']
    """
)
_COMMENT = re.compile(
    r"(?m)(?:^|[\s;{}])(?:\#|//|--)[ \t]?([^\n]*)|/\*(.{0,4000}?)\*/|<!--(.{0,4000}?)-->", re.DOTALL
)
_JS_IMPORT = re.compile(
    r"""(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\(|@import)\s*["']([^"'\n]{1,300})["']"""
    r"""|<(?:script|link)\b[^>]{0,200}\b(?:src|href)=["']([^"']{1,300})["']"""
)
_PYTHON_IMPORT = re.compile(
    r"(?m)^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]{0,4000}\)|[^\n#]+)"
    r"|import[ \t]+([\w., \t]+))"
)
_HEADING = re.compile(r"(?m)^#{1,6}[ \t]+(.+)$|^([^\n]{2,100})\n[=\-~^\"'*+#]{3,}[ \t]*$")
_DIRECTIVE = re.compile(r"(?m)^\.\.[ \t]+(?:auto\w+|module|class|function|method)::[ \t]+([\w.]+)")
_PROSE = (".md", ".rst", ".txt", ".adoc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import as it is written.

    Python: `module` is dotted, `level` the number of leading dots, `names` what comes from it.
    Other languages: `module` is the text between the quotes, `level` and `names` are empty.
    """

    module: str
    names: tuple[str, ...] = ()
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one file says; identifiers as they are written, words as stems.

    `defines` also holds methods as `Class.method`; for documents, `heading_words` are those of
    their headings, for code those of what it defines. `length` is the number of different words.
    """

    defines: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    imports: tuple[Import, ...] = ()
    heading_words: frozenset[str] = frozenset()
    prose_words: frozenset[str] = frozenset()
    body_words: frozenset[str] = frozenset()
    length: int = 0


NO_FACTS = Facts()


def read_facts(path: str, data: bytes) -> Facts:
    """Find out what the file at ``path`` with this content says about itself."""
    if b"\0" in data[:8192]:
        return NO_FACTS
    text = data.decode("utf-8", errors="replace")
    if path.endswith((".py", ".pyi")):
        return _python(text)
    if path.endswith(_PROSE):
        return _document(text)
    return _other(text)


def _python(text: str) -> Facts:
    tree = _parse(text)
    if tree is None:
        return _make(
            text,
            defines=frozenset(_named(_DEFINITION, text)),
            prose=_comments(text),
            imports=tuple(_imports_by_pattern(text)),
        )
    docstrings = " ".join(_docstrings(tree))
    comments = " ".join(re.findall(r"(?m)(?:^|\s)#+[ \t:]*([^\n]*)", text))
    return _make(
        text,
        defines=frozenset(_python_definitions(tree)),
        prose=f"{docstrings} {comments}",
        imports=tuple(_python_imports(tree)),
    )


def _document(text: str) -> Facts:
    headings = " ".join(found for match in _HEADING.findall(text) for found in match)
    documented = frozenset(name for name in _DIRECTIVE.findall(text))
    body = frozenset(stems(text))
    return Facts(
        uses=identifiers(text) | documented,
        heading_words=frozenset(stems(headings)) | stem_set(documented),
        body_words=body,
        length=len(body),
    )


def _other(text: str) -> Facts:
    return _make(
        text,
        defines=frozenset(_named(_DEFINITION, text)),
        prose=_comments(text),
        imports=tuple(
            Import(module=found) for match in _JS_IMPORT.findall(text) for found in match if found
        ),
    )


def _make(text: str, *, defines: frozenset[str], prose: str, imports: tuple[Import, ...]) -> Facts:
    uses = identifiers(text)
    body = stem_set(uses)
    return Facts(
        defines=defines,
        uses=uses,
        imports=imports,
        heading_words=stem_set(defines),
        prose_words=frozenset(stems(prose)),
        body_words=body,
        length=len(body),
    )


def _parse(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _python_definitions(tree: ast.Module) -> Iterator[str]:
    """Name functions, classes, methods, and what a module or a class assigns."""
    waiting: list[tuple[str, ast.stmt]] = [("", node) for node in tree.body]
    while waiting:
        prefix, node = waiting.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _with_prefix(prefix, node.name)
            case ast.ClassDef():
                yield from _with_prefix(prefix, node.name)
                waiting.extend((f"{node.name}.", child) for child in node.body)
            case ast.Assign() | ast.AnnAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        yield from _with_prefix(prefix, target.id)
            case ast.If() | ast.Try():
                waiting.extend((prefix, child) for child in (*node.body, *node.orelse))
            case _:
                pass


def _with_prefix(prefix: str, name: str) -> Iterator[str]:
    yield name
    if prefix:
        yield prefix + name


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield all statements; expressions, which are most of a tree, are not visited."""
    waiting: list[ast.AST] = [*tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            yield node
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, part, None)
            if isinstance(inner, list):
                waiting.extend(inner)


def _docstrings(tree: ast.Module) -> Iterator[str]:
    yield ast.get_docstring(tree, clean=False) or ""
    for node in _statements(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node, clean=False) or ""


def _python_imports(tree: ast.Module) -> Iterator[Import]:
    """Yield imports in no particular order."""
    for node in _statements(tree):
        if isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            yield Import(module=node.module or "", names=names, level=node.level)
        elif isinstance(node, ast.Import):
            yield from (Import(module=alias.name) for alias in node.names)


def _imports_by_pattern(text: str) -> Iterator[Import]:
    for origin, names, modules in _PYTHON_IMPORT.findall(text):
        if origin:
            bare = origin.lstrip(".")
            found = tuple(re.findall(r"\w+", names))
            yield Import(module=bare, names=found, level=len(origin) - len(bare))
        yield from (Import(module=name) for name in re.findall(r"[\w.]+", modules))


def _named(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for match in pattern.finditer(text):
        yield from (match[match.lastgroup or 0]).split()


def _comments(text: str) -> str:
    return " ".join(found for match in _COMMENT.findall(text) for found in match)
