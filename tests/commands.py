"""The command run in a fork of a process that has read it already, since reading it is a second and most runs take a tenth.

As far as the command can tell it was started by a shell: its own process, environment, arguments, standard streams and
exit code. What a fork cannot show (signals, a terminal, a pipe whose reader is gone, the installed script itself) is tested
with `subprocess`.
"""

import atexit
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

Ran = subprocess.CompletedProcess[str]

_READY = multiprocessing.get_context("forkserver")
_READY.set_forkserver_preload(["services.timeline.cli", __name__])


def run_to_its_end(
    arguments: Sequence[str], environment: Mapping[str, str], stdin: str = "", timeout: float = 60
) -> Ran:
    """Run `timeline ARGUMENTS` in this environment, and no other.

    Args:
        timeout: In seconds.

    Raises:
        subprocess.TimeoutExpired: It runs for longer; it is killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("in", "out", "error")]
        streams[0].write_text(stdin, encoding="utf-8")
        process = _READY.Process(target=_command, args=([*arguments], dict(environment), [*map(str, streams)]))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(["timeline", *arguments], timeout)
        said = [stream.read_text(encoding="utf-8") if stream.exists() else "" for stream in streams[1:]]
        return Ran(["timeline", *arguments], process.exitcode, *said)


def _command(arguments: list[str], environment: dict[str, str], streams: list[str]) -> None:
    """In the fork: become what a shell would have started."""
    for number, (path, mode) in enumerate(zip(streams, (os.O_RDONLY, *[os.O_WRONLY | os.O_CREAT] * 2), strict=True)):
        opened = os.open(path, mode)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  (for as long as the process lives)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["timeline", *arguments]
    from services.timeline.__main__ import main  # noqa: PLC0415  (the tests' own process has no use for it)

    try:
        main()
    finally:
        atexit._run_exitfuncs()  # a process of multiprocessing ends without them
