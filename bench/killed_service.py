"""`timeline serve` as a process of its own, to be killed at once with all that belongs to it, and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from services.timeline.embedded_place import place_for


class Service:
    """`timeline serve` as a process, on a port of its own, with its PostgreSQL below `home`."""

    def __init__(self, home: Path, **settings: str) -> None:
        """
        Args:
            settings: More of its environment.
        """
        self._home = home
        self._settings = settings
        self._log = home / "service.log"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> "Service":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)

    def start(self) -> None:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("TIMELINE_")}
        command = [str(Path(sys.executable).with_name("timeline")), "serve", "--port", str(self._port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=mine | self._settings | {"TIMELINE_HOME": str(self._home)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def kill_postgresql(self) -> None:
        """All processes that work in the data folder: the postmaster first, so that none is forked anew.

        Only those of this moment: the service starts PostgreSQL again by itself, as soon as the last of them is gone.
        """
        began = time.time()
        while processes := [one for one in self._postgresql() if one.create_time() <= began]:
            for process in sorted(processes, key=lambda one: one.create_time()):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            time.sleep(0.02)

    def restart_postgresql(self) -> None:
        """As an administrator does who has no time: a fast shutdown; the service starts it again by itself."""
        postmaster = int((place_for(self._home).data / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGINT)
        psutil.Process(postmaster).wait(60) if psutil.pid_exists(postmaster) else None

    def _postgresql(self) -> list[psutil.Process]:
        data = str(place_for(self._home).data.resolve())
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE and process.cwd() == data:
                    found.append(process)
        return found
