"""The other end of `child`: a process that reads what it is asked to, one call after another.

It bounds what a file can do to a run; it is no prison. What runs in it has the rights of the user.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import pickle
import queue
import signal
import struct
import sys
import threading
import traceback
import warnings
from dataclasses import dataclass
from typing import Any, BinaryIO

import psutil

_SIZE = struct.Struct(">Q")
GRACE_SECONDS = 5.0
"""How much later than its parent would have ended it the child ends itself, if the parent is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one call: a result, or what was raised; and the warnings given on the way."""

    result: Any = None
    error: BaseException | None = None
    out_of_memory: bool = False
    gave_up: bool = False
    """Something was raised that is no error of Python's, as a panic in a library is."""
    warnings: tuple[tuple[Warning, type[Warning], str, int], ...] = ()


def send(stream: BinaryIO, data: bytes) -> None:
    """Write one message."""
    stream.write(_SIZE.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: BinaryIO) -> bytes:
    """
    Read one message.

    Raises
    ------
    EOFError
        The other side has gone.
    """
    head = stream.read(_SIZE.size)
    data = stream.read(_SIZE.unpack(head)[0]) if len(head) == _SIZE.size else b""
    if len(head) < _SIZE.size or len(data) < _SIZE.unpack(head)[0]:
        raise EOFError
    return data


def main() -> None:
    """Answer calls from standard input on standard output until the parent goes."""
    requests, answers = _take_pipes()
    import geomap.load.gather  # noqa: F401  what most calls ask for, while the parent is still at its own imports

    _limit(int(sys.argv[1]))
    gc.freeze()  # what is imported stays, and need not be looked through after each call
    send(answers, pickle.dumps(os.getpid()))
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, calls), daemon=True).start()
    while True:
        data = _answer(calls.get())
        try:
            send(answers, data)
        except OSError:  # the parent has gone
            os._exit(0)
        del data
        gc.collect()


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Both pipes, out of reach of whatever prints or reads: that now goes to the error stream, or finds nothing."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing, unused = os.pipe()  # a pipe without another end: who reads standard input finds it at its end
    os.close(unused)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    # Ctrl-C reaches the whole group of processes; it is the parent that decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return requests, answers


def _limit(memory_bytes: int) -> None:
    """Have the system refuse more memory than that, where it does so, and write no dump of it.

    The parent watches what is in use, everywhere; this is for what is asked for at once, beside what libraries have
    reserved by now.
    """
    reserved = getattr(psutil.Process().memory_info(), "data", 0)
    try:
        import resource
    except ImportError:  # on Windows; there the parent alone watches
        return
    for limit, wanted in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_DATA, reserved + memory_bytes)):
        _, most = resource.getrlimit(limit)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(limit, (wanted if most < 0 else min(wanted, most), most))


def _listen(requests: BinaryIO, calls: queue.SimpleQueue[bytes]) -> None:
    """Pass calls on, and end the process when the parent has gone, even in the middle of a call."""
    try:
        while True:
            calls.put(receive(requests))
    except (EOFError, OSError):
        os._exit(0)


def _answer(call: bytes) -> bytes:
    """Do what is asked; the answer as it is sent."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("default")
        answer = _run(call)
    told = tuple((item.message, item.category, item.filename, item.lineno) for item in given)
    return _pack(answer, told)


def _run(call: bytes) -> dict[str, Any]:
    try:
        folder, function, arguments, seconds = pickle.loads(call)
        if folder:
            os.chdir(folder)
        # A thread of C, which ends the process though a library never returns.
        faulthandler.dump_traceback_later(seconds + GRACE_SECONDS, exit=True)
        return {"result": function(*arguments)}
    except MemoryError:
        return {"out_of_memory": True}
    except Exception as error:
        return {"error": _with_place(error)}
    except BaseException:
        traceback.print_exc()
        return {"gave_up": True}
    finally:
        faulthandler.cancel_dump_traceback_later()


def _with_place(error: Exception) -> Exception:
    """An error that is not raised on purpose says where in the child it was raised; what led to it stays here."""
    from geomap.errors import GeomapError

    if not isinstance(error, GeomapError):
        error.add_note("In the process that reads files:\n" + "".join(traceback.format_exception(error)))
    # Some packages teach pickle to send causes too, and those of others cannot always be put together again.
    error.__cause__ = error.__context__ = None
    return error


def _pack(answer: dict[str, Any], told: tuple) -> bytes:
    try:
        return pickle.dumps(Answer(**answer, warnings=told), protocol=pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        return pickle.dumps(Answer(out_of_memory=True))
    except Exception as error:  # what cannot be sent is told of instead
        said = f"{type(error).__name__}: {error}; {answer.get('error')!r}"
        return pickle.dumps(Answer(error=RuntimeError(f"What was read cannot be handed on ({said}).")))


if __name__ == "__main__":
    main()
