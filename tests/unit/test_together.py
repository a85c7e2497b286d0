"""Group commit: who waits is served by the next batch, each with an outcome of its own."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from services.timeline.together import Together


@dataclass
class Request:
    """A number to be doubled."""

    number: int
    weight: int = 1
    answer: int | None = None


class Slow:
    """A commit that takes a while, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.at_work = 0

    def commit(self, requests: Sequence[Request]) -> None:
        self.at_work += 1
        assert self.at_work == 1
        time.sleep(0.01)
        self.batches.append([request.number for request in requests])
        for request in requests:
            request.answer = request.number * 2
        self.at_work -= 1


def hand_in_at_once(together: Together[Request], requests: Sequence[Request]) -> None:
    threads = [threading.Thread(target=together.hand_in, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
        assert not thread.is_alive()


def test_a_lone_caller_waits_for_nobody() -> None:
    """Its batch is its own."""
    slow = Slow()
    together = Together(slow.commit, most=10)
    requests = [Request(1), Request(2)]
    for request in requests:
        together.hand_in(request)

    assert slow.batches == [[1], [2]]
    assert [request.answer for request in requests] == [2, 4]


def test_whoever_waits_while_a_commit_is_under_way_is_in_the_next_batch() -> None:
    """Sixty callers, of whom fifty-nine come while the first commits: two commits, in the order in which they came."""
    batches: list[list[int]] = []
    begun, go_on = threading.Event(), threading.Event()

    def commit(batch: Sequence[Request]) -> None:
        batches.append([request.number for request in batch])
        begun.set()
        assert go_on.wait(timeout=20)
        for request in batch:
            request.answer = request.number * 2

    together = Together(commit, most=1_000)
    requests = [Request(number) for number in range(60)]
    threads = [threading.Thread(target=together.hand_in, args=(request,)) for request in requests]
    threads[0].start()
    assert begun.wait(timeout=20)
    for already, thread in enumerate(threads[1:]):
        thread.start()
        while len(together._waiting) <= already:  # nothing else tells that a caller waits
            time.sleep(0)
    go_on.set()
    for thread in threads:
        thread.join(timeout=20)
        assert not thread.is_alive()

    assert batches == [[0], list(range(1, 60))]
    assert [request.answer for request in requests] == [number * 2 for number in range(60)]


def test_a_batch_is_no_heavier_than_allowed_unless_one_request_is() -> None:
    """A heavy one goes alone; the others keep their order."""
    slow = Slow()
    together = Together(slow.commit, most=5)
    hand_in_at_once(together, [Request(number, weight=9 if number == 3 else 2) for number in range(12)])

    assert [3] in slow.batches
    assert all(len(batch) <= 2 for batch in slow.batches)


def test_many_rounds_of_many_callers_lose_nobody() -> None:
    """Thirty threads, each handing in a hundred one after another."""
    done: list[int] = []

    def commit(requests: Sequence[Request]) -> None:
        done.extend(request.number for request in requests)
        for request in requests:
            request.answer = request.number

    together = Together(commit, most=8)

    def caller(first: int) -> None:
        for number in range(first, first + 100):
            request = Request(number)
            together.hand_in(request)
            assert request.answer == number

    threads = [threading.Thread(target=caller, args=(1000 * one,)) for one in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in threads)
    assert len(done) == len(set(done)) == 3000


def test_a_commit_that_breaks_off_leaves_nobody_waiting() -> None:
    """The one who committed hears of it; the others come back without an answer, and the next ones are served."""
    calls = iter([KeyboardInterrupt(), None, None, None])

    def commit(requests: Sequence[Request]) -> None:
        if (broken := next(calls)) is not None:
            raise broken
        for request in requests:
            request.answer = 1

    together = Together(commit, most=8)
    with pytest.raises(KeyboardInterrupt):
        together.hand_in(Request(1))
    after = Request(2)
    together.hand_in(after)
    assert after.answer == 1
