"""The thread that sends what is due to webhooks, in the process that follows the log.

It holds a lock of its own beside, so that one process of a database sends; should two believe that they do, a receiver is sent something
twice, under the same `webhook-id`. What is sent tells no name of a sensitive source and not who recorded it, whoever made the webhook.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent import futures
from typing import Any, Final, Protocol, Self

import structlog
from psycopg import Connection
from psycopg.rows import TupleRow

from events.log import Log
from services.timeline import wire
from services.timeline.audit import stored
from services.timeline.following import own_connection
from services.timeline.standards import posting_out, webhooks
from services.timeline.standards.cloud_events import MEDIA_TYPE, cloud_event, source_of
from services.timeline.standards.posting_out import Answer
from services.timeline.standards.webhooks import Due

logger = structlog.get_logger(__name__)

#: Any fixed number; whoever sends holds this lock.
LOCK: Final = 0x776562686F6F6B73  # "webhooks"

#: It looks for what is due so often, in seconds; and sends to so many webhooks at once.
LOOK_EVERY: Final = 1.0
AT_ONCE: Final = 8

#: What was delivered long ago is let go of so often, in seconds.
TIDY_EVERY: Final = 3600.0


class Leading(Protocol):
    """Whoever follows the log, or stands by."""

    leads: bool


class Sending:
    """Sends while this process follows the log, and survives lost connections."""

    def __init__(self, log: Log, following: Leading, *, private: bool) -> None:
        """
        Args:
            log: The log as those may see it who are told no names.
            private: Addresses of one's own network may be sent to.
        """
        self._log = log
        self._following = following
        self._private = private
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._source = ""
        self._tidy_at = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(timeout=posting_out.PATIENCE_IN_ALL + 5)

    def _run(self) -> None:
        wait = 0.1
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                if self._following.leads:
                    self._lead()
            except Exception:  # a sender outlives a lost connection, and anything else too
                wait = 0.1 if time.monotonic() - began > 10 else min(wait * 2, 5)
                logger.exception("sending to webhooks failed; trying again", seconds=wait)
                self._stopping.wait(wait)
            self._stopping.wait(LOOK_EVERY)

    def _lead(self) -> None:
        name = f"timeline webhooks {socket.gethostname()[:30]}:{os.getpid()}"
        with own_connection(self._log.pool, name) as connection:
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
            if row is None or not row[0]:
                return
            self._source = source_of(stored.reach(connection).log_id)
            pool = futures.ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")
            try:
                self._send(connection, pool)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _send(self, connection: Connection[TupleRow], pool: futures.Executor) -> None:
        busy: dict[futures.Future[Answer], Due] = {}
        while self._following.leads and not self._stopping.is_set():
            queued = webhooks.queue(connection)
            for one in webhooks.due(connection, {each.webhook_id for each in busy.values()}):
                if len(busy) < AT_ONCE:
                    busy[pool.submit(self._post, one)] = one
            self._tidy(connection)
            if not busy:
                self._stopping.wait(0 if queued else LOOK_EVERY)
                continue
            done, _ = futures.wait(busy, timeout=LOOK_EVERY, return_when=futures.FIRST_COMPLETED)
            for each in done:
                _mark(connection, busy.pop(each), each.result())
        for each in futures.as_completed(list(busy)):  # what is on its way is marked, or would come once more
            _mark(connection, busy.pop(each), each.result())

    def _post(self, one: Due) -> Answer:
        found: list[Any] = self._log.at([one.position])
        if not found:
            return Answer(None, f"there is no event at position {one.position}")
        body = wire.encode(cloud_event(found[0], self._source, None))
        return posting_out.post(one.url, one.secret, str(found[0].event_id), body, MEDIA_TYPE, private=self._private)

    def _tidy(self, connection: Connection[TupleRow]) -> None:
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY_EVERY
            webhooks.tidy(connection)


def _mark(connection: Connection[TupleRow], one: Due, answer: Answer) -> None:
    if answer.taken:
        assert answer.status is not None
        webhooks.delivered(connection, one, answer.status)
        return
    error = answer.error or f"it answered {answer.status}"
    state = webhooks.failed(connection, one, answer.status, error)
    say: Callable[..., Any] = logger.warning if state == "dead" else logger.info
    say("a webhook did not take an event", webhook=str(one.webhook_id), position=one.position, state=state, error=error)
