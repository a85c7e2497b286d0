"""Work done ahead in a thread of its own: the next item is made while somebody is busy with this one."""

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


class _End:
    """The items have ended, by themselves or by an error."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(items: Iterator[T], most: int = 2) -> Iterator[T]:
    """The same items in the same order, made up to so many ahead of whoever takes them.

    An error in making them is raised where it would stand without us, after the items made before it. Who stops taking
    ends the making too, unless it waits for somebody outside; then it ends with the process.
    """
    made: queue.Queue[T | _End] = queue.Queue(maxsize=most)
    unwanted = threading.Event()

    def put(one: T | _End) -> bool:
        while not unwanted.is_set():
            try:
                made.put(one, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def make() -> None:
        error: BaseException | None = None
        try:
            for one in items:
                if not put(one):
                    return
        except BaseException as failure:  # noqa: BLE001  (raised by whoever takes)
            error = failure
        put(_End(error))

    threading.Thread(target=make, name="ahead", daemon=True).start()
    try:
        while not isinstance(one := made.get(), _End):
            yield one
        if one.error is not None:
            raise one.error
    finally:
        unwanted.set()
