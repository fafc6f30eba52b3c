"""What sort of file a path is, by the conventions that most projects follow.

The order of `Kind` is the order in which the sorts usually depend on each other: a later one may
need an earlier one, not the other way round.
"""

from enum import StrEnum


class Kind(StrEnum):
    """What a file is for; the values are also names of domains and briefings."""

    DATABASE = "database"
    BACKEND = "backend"
    FRONTEND = "frontend"
    INFRA = "infra"
    TESTS = "tests"
    DOCS = "docs"


RANK = {kind: number for number, kind in enumerate(Kind)}

_FOLDERS = {
    Kind.DATABASE: (
        *("migrations", "migration", "models", "db", "database", "databases", "sql", "alembic"),
        *("schema", "entities", "prisma", "persistence"),
    ),
    Kind.FRONTEND: (
        *("web", "ui", "static", "templates", "components", "frontend", "front", "pages", "hooks"),
        *("assets", "public", "styles", "css", "webapp", "www"),
    ),
    Kind.BACKEND: (
        *("api", "server", "backend", "services", "service", "handlers", "controllers", "routes"),
        *("routers", "endpoints", "workers", "jobs"),
    ),
    Kind.INFRA: (
        *(".github", ".circleci", ".gitlab", "docker", "deploy", "deployment", "k8s", "helm", "ci"),
        *("terraform", "infra", "infrastructure", "ansible", "ops", ".devcontainer"),
    ),
}
_TEST_FOLDERS = frozenset(
    ("tests", "test", "__tests__", "spec", "specs", "e2e", "integration_tests")
)
_DOC_FOLDERS = frozenset(("docs", "doc", "documentation", "examples", "example"))
_MIGRATION_FOLDERS = frozenset(("migrations", "migration", "versions", "migrate"))
_DATABASE_ENDINGS = (".sql", ".prisma")
_FRONTEND_ENDINGS = (
    *(".tsx", ".jsx", ".css", ".scss", ".sass", ".less", ".html", ".htm", ".vue", ".svelte"),
    *(".jinja", ".jinja2", ".j2", ".ejs", ".hbs"),
)
_SCRIPT_ENDINGS = (".js", ".ts", ".mjs", ".cjs")
_DOC_ENDINGS = (".md", ".rst", ".adoc")
_INFRA_NAMES = frozenset(
    (
        *(
            "dockerfile",
            "makefile",
            "pyproject.toml",
            "setup.py",
            "setup.cfg",
            "tox.ini",
            "justfile",
        ),
        *("package.json", "noxfile.py", "tsconfig.json", "manifest.in", "cargo.toml", "go.mod"),
        *(".pre-commit-config.yaml", ".readthedocs.yaml", ".editorconfig", ".gitignore"),
    )
)
_ALIASES = {
    Kind.DATABASE: (
        *(
            "database",
            "databases",
            "db",
            "migrations",
            "migration",
            "models",
            "data model",
            "storage",
        ),
        *("persistence", "data layer", "schema"),
    ),
    Kind.BACKEND: (
        *("backend", "back end", "back-end", "api", "server", "service", "services", "server side"),
    ),
    Kind.FRONTEND: (
        *("frontend", "front end", "front-end", "ui", "web", "client", "web ui", "user interface"),
    ),
    Kind.INFRA: (
        *("infra", "infrastructure", "ci", "deployment", "deploy", "docker", "packaging", "devops"),
        *("ops", "build"),
    ),
    Kind.TESTS: ("tests", "test", "testing", "qa"),
    Kind.DOCS: ("docs", "documentation", "doc"),
}
_KIND_OF_ALIAS = {alias: kind for kind, aliases in _ALIASES.items() for alias in aliases}


def kind_of(path: str) -> Kind:
    """Return what sort of file this is; plain code counts as backend."""
    *folders, name = path.lower().split("/")
    if is_test(path):
        return Kind.TESTS
    if is_document(path):
        return Kind.DOCS
    return _kind_by_name(folders, name) or _kind_by_folder(folders, name)


def _kind_by_name(folders: list[str], name: str) -> Kind | None:
    if name.endswith(_DATABASE_ENDINGS) or (name in {"models.py", "schema.rb"} and folders):
        return Kind.DATABASE
    if name.endswith(_FRONTEND_ENDINGS):
        return Kind.FRONTEND
    return Kind.INFRA if _is_infra(folders, name) else None


def _kind_by_folder(folders: list[str], name: str) -> Kind:
    """Return the kind of the innermost folder that has one."""
    for folder in reversed(folders):
        for kind, conventional in _FOLDERS.items():
            if folder in conventional and _fits(kind, name):
                return kind
    is_client = name.endswith(_SCRIPT_ENDINGS) and name.startswith("app.")
    return Kind.FRONTEND if is_client else Kind.BACKEND


def is_backend_by_convention(path: str) -> bool:
    """Whether a folder says that this is the backend, not merely that it is code."""
    return not set(_FOLDERS[Kind.BACKEND]).isdisjoint(path.lower().split("/")[:-1])


def is_test(path: str) -> bool:
    """Whether the path is that of a test or of something that only tests use."""
    *folders, name = path.lower().split("/")
    stem, _, rest = name.partition(".")
    return (
        not _TEST_FOLDERS.isdisjoint(folders)
        or stem.startswith("test_")
        or stem.endswith(("_test", "_spec"))
        or rest.startswith(("test.", "spec."))
        or name == "conftest.py"
    )


def is_document(path: str) -> bool:
    """Whether the path is that of documentation or an example."""
    *folders, name = path.lower().split("/")
    if not _DOC_FOLDERS.isdisjoint(folders):
        return True
    if name.endswith(_DOC_ENDINGS):
        return not folders or name.startswith(("readme", "changelog", "changes"))
    return name.partition(".")[0] in {
        "changes",
        "changelog",
        "readme",
        "authors",
        "news",
        "history",
    }


def is_migration(path: str) -> bool:
    """Whether the file is one step of a schema's history, which is added to and not changed."""
    *folders, name = path.lower().split("/")
    inside = not _MIGRATION_FOLDERS.isdisjoint(folders)
    return inside and not name.startswith(("__init__", "env.", "readme"))


def migration_folder(path: str) -> str:
    """Return the folder of migrations that a file is in; empty when it is in none."""
    parts = path.split("/")
    depth = [number for number, part in enumerate(parts[:-1]) if part.lower() in _MIGRATION_FOLDERS]
    return "/".join(parts[: depth[-1] + 1]) if depth and is_migration(path) else ""


def is_changelog(path: str) -> bool:
    """Whether the file lists what changed from release to release."""
    name = path.rpartition("/")[2].lower()
    return name.partition(".")[0] in {"changes", "changelog", "news", "history"}


def kind_named(label: str) -> Kind | None:
    """Return the kind that a heading such as `Front end` or `Database changes` names."""
    plain = " ".join(label.lower().strip(" :*_`#").split())
    for tail in (" changes", " domain", " part", " work", " layer", " side", " updates"):
        plain = plain.removesuffix(tail)
    return _KIND_OF_ALIAS.get(plain)


def _is_infra(folders: list[str], name: str) -> bool:
    if name in _INFRA_NAMES or name.startswith(("dockerfile", "docker-compose", "compose.y")):
        return True
    if name.endswith((".tf", ".dockerfile")):
        return True
    return not folders and name.endswith((".yml", ".yaml", ".toml", ".cfg", ".ini"))


def _fits(kind: Kind, name: str) -> bool:
    """Python modules in a package called `web` or `templates` are code, not a front end."""
    return kind is not Kind.FRONTEND or not name.endswith((".py", ".pyi", ".go", ".rs", ".java"))
