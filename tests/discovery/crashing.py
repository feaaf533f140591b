"""Kill the state file's writer at each line that it executes; run by `test_state_file.py`. Prints what was found how often."""

import collections
import json
import os
import signal
import sys
from pathlib import Path

from backend_registry import Backend
from backend_registry.discovery import Override, State, StateFile, state

OLD = State((Backend("old", "http://10.0.0.1:8000"),), {})
NEW = State((Backend("new", "http://10.0.0.2:8000"),), {"old": Override(weight=3)})


def kill_self_at(line):
    """Trace this process and end it when the writer begins its `line`-th line."""
    left = line

    def trace(frame, event, _):
        nonlocal left
        if frame.f_code.co_filename != state.__file__:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def save_and_die(directory, line):
    """Whether a child that saves was killed at this line; it was not if the writer has fewer lines."""
    child = os.fork()
    if child == 0:
        kill_self_at(line)
        StateFile(directory).save(NEW)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main():
    directory = Path(sys.argv[1])
    found = collections.Counter()
    for line in range(1, 10_000):
        file = StateFile(directory)
        file.save(OLD)
        killed = save_and_die(directory, line)
        left = file.load()
        for name, kept in (("old", OLD), ("new", NEW)):
            if ([b.record for b in left.backends], left.overrides) == ([b.record for b in kept.backends], kept.overrides):
                found[name] += 1
                break
        else:
            found["other"] += 1
        if not killed:
            break
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
