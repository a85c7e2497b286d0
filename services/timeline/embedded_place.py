"""Where the embedded PostgreSQL lives, and as whom it runs: chosen so that no folder that is not ours is touched.

An ordinary user runs it as himself, inside his home folder for the service. Root may not run PostgreSQL: it runs as
whom the data belongs to already; else as the owner of the home; else (root's own home) as `postgres` where there is
such a user, or `nobody`. No user is created. Where that user cannot walk to the home (one below /root, say), the
server's files go to `/var/lib/timeline-<hash of the home>` (`/var/db` on macOS), which outlives a reboot as the folder
for temporary files would not; a note in the home says where, and is what the next start goes by. Nobody else's folder changes its mode or owner.
"""

import contextlib
import hashlib
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.timeline.embedded_programs import EmbeddedUnavailable, binaries, copied

if sys.platform != "win32":
    import pwd

#: A socket's path has at most 107 bytes on Linux and 103 on macOS.
LONGEST_SOCKET = 100

NOTE = "postgres-is-elsewhere.txt"

#: Folders for a service's data that every user may walk to and that outlive a reboot; the first that exists is used.
SHELVES = (Path("/var/lib"), Path("/var/db"))


@dataclass(frozen=True, slots=True)
class Account:
    """As whom the server runs.

    Attributes:
        uid: None where it is whoever we are.
        owns_all: The home is this user's, so what root puts there is his too, and he can use it without root later.
    """

    uid: int | None = None
    gid: int | None = None
    owns_all: bool = False

    def own(self, path: Path) -> None:
        """Hand a file or folder of ours to the account; a link that was put in its place is not followed."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def reaches(self, path: Path) -> bool:
        """Whether the account can walk to a folder, or run a program."""
        return self.uid is None or self.run(["/bin/sh", "-c", 'test -x "$0"', str(path)]).returncode == 0

    def run(
        self, command: list[str], *, keep: Sequence[int] = (), new_session: bool = False
    ) -> "subprocess.CompletedProcess[bytes]":
        """Run a program of ours as the account, from the root folder and with an environment of its own.

        Args:
            keep: Descriptors that the program inherits: the locks on them hold until it, too, has ended.
        """
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
            pass_fds=keep,
            start_new_session=new_session,
            check=False,
        )


@dataclass(frozen=True, slots=True)
class Embedded:
    """One embedded server: where its files are, and as whom it runs.

    Attributes:
        base: Ours; holds the locks, the password, and the folders that belong to the account.
    """

    base: Path
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
        """The folder of the socket; a short one in /tmp where ours is too long.

        Not below TMPDIR: the processes that share a server need not agree on that.
        """
        folder = self.base / "socket"
        if len(os.fsencode(folder / ".s.PGSQL.5432")) <= LONGEST_SOCKET:
            return folder
        return Path("/tmp") / f"timeline-{_short_hash(self.base)}"  # noqa: S108  (own_folder sees to whose it is)

    def keep(self, path: Path) -> None:
        """Let a file that we made belong to whom our files belong to."""
        if self.account.owns_all:
            self.account.own(path)

    def own_folder(self, path: Path) -> None:
        """A folder of the server's account that nobody else may enter.

        Raises:
            EmbeddedUnavailable: something of that name is there already, and is not such a folder.
        """
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        self.require_private(path)
        self.account.own(path)

    def require_private(self, path: Path) -> None:
        """See that a folder is ours or the account's and closed to everybody else; the one in /tmp might not be.

        Raises:
            EmbeddedUnavailable: it is not.
        """
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), self.account.uid):
            raise EmbeddedUnavailable(f"{path} belongs to somebody else")
        if found.st_mode & 0o077:
            raise EmbeddedUnavailable(f"{path} is open to others; its mode has to be 0700")

    def programs(self) -> Path:
        """The folder of programs that the account can run: the wheel's, or a copy. To be asked under the start lock."""
        programs = binaries()
        if all(self.account.reaches(programs / name) for name in ("postgres", "initdb")):
            return programs
        return copied(programs, self.base)


def place_for(home: Path) -> Embedded:
    """The server of a home; its base folder is made where it is missing.

    Raises:
        EmbeddedUnavailable: there is a base folder that cannot be used.
        OSError: a folder that cannot be made.
    """
    home = home.expanduser().absolute()
    if os.geteuid() != 0:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _made(Embedded(home / "postgres", Account()))
    home.mkdir(parents=True, exist_ok=True, mode=0o711)
    found = _base_of(home)
    account = _account(home, found)
    if found is not None and not account.reaches(found):
        raise EmbeddedUnavailable(f"{found} holds the database, but user {account.uid}, who owns it, cannot go there")
    base = found or (home / "postgres" if account.reaches(home) else _elsewhere(home))
    server = _made(Embedded(base, account))
    if base.parent != home:
        _leave_notes(home, server)
    return server


def _base_of(home: Path) -> Path | None:
    """The base folder that is there already: in the home, where the note in it says, or where it would say."""
    if (home / "postgres" / "data").exists():
        return home / "postgres"
    note = home / NOTE
    if note.exists():
        base = Path(note.read_text("utf-8").rpartition(" ")[2].strip())
        if base.is_absolute() and base.is_dir():
            return base
        raise EmbeddedUnavailable(f"{base} is gone, where the database was by {note} (delete that to start anew)")
    return _elsewhere(home) if (_elsewhere(home) / "data").exists() else None


def _elsewhere(home: Path) -> Path:
    shelf = next((shelf for shelf in SHELVES if shelf.is_dir()), SHELVES[0])
    return shelf / f"timeline-{_short_hash(home)}"


def _account(home: Path, base: Path | None) -> Account:
    """As whom root runs the server of a home."""
    owner = home.stat()
    if owner.st_uid != 0 and _has_name(owner.st_uid):
        return Account(owner.st_uid, owner.st_gid, owns_all=True)
    if base is not None and (base / "data").exists():
        owner = (base / "data").stat()
        return Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            service = pwd.getpwnam(name)
            return Account(service.pw_uid, service.pw_gid)
    raise EmbeddedUnavailable("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")


def _has_name(uid: int) -> bool:
    """Whether the system knows the user: initdb refuses one whom it does not (the owner of a mounted folder, say)."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _made(server: Embedded) -> Embedded:
    with contextlib.suppress(FileExistsError):
        server.base.mkdir(mode=0o700)
        if server.account.uid is not None:
            server.base.chmod(0o711)  # whatever the umask
        server.keep(server.base)
    return server


def _leave_notes(home: Path, server: Embedded) -> None:
    """A note in the home that says where the files are, and one there that says whose they are."""
    if server.base.is_symlink() or server.base.stat().st_uid not in (0, server.account.uid):
        raise EmbeddedUnavailable(f"{server.base} belongs to somebody else")
    notes = {
        home / NOTE: f"The user that PostgreSQL runs as cannot reach this folder. Its files are in {server.base}\n",
        server.base / "home.txt": f"These are the PostgreSQL files of the timeline whose home is {home}\n",
    }
    for path, words in notes.items():
        if not path.exists():
            write_whole(path, words)
            server.keep(path)


def write_whole(path: Path, text: str) -> None:
    """Write a file that only we can read, so that nobody ever meets half of it, not even after a power cut."""
    descriptor, part = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    Path(part).rename(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Let a folder's new names outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]
