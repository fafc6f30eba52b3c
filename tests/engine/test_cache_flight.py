import subprocess
import sys
import threading
from pathlib import Path

from ropewalk.engine.cache import Cache, cache_key
from ropewalk.errors import Interrupted
from tests.engine.caches import LARGE


def test_a_result_is_made_once_by_many_threads(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    components = {"name": "one"}
    key = cache_key(components)
    made: list[int] = []

    def make(number: int) -> None:
        with cache.single_flight(key):
            if cache.get(key) is None:
                made.append(number)
                cache.put(key, {"by": number}, components=components)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(made) == 1
    assert cache.get(key) == {"by": made[0]}


PROGRAM = """
import sys, time
from pathlib import Path
from ropewalk.engine.cache import Cache, cache_key
root, log = Path(sys.argv[1]), Path(sys.argv[2])
cache, components = Cache(root, 1 << 30), {"name": "one"}
key = cache_key(components)
with cache.single_flight(key):
    if cache.get(key) is None:
        with log.open("a") as file:
            file.write("made\\n")
        time.sleep(0.2)
        cache.put(key, {"made": True}, components=components)
"""


def test_a_result_is_made_once_by_several_processes(tmp_path: Path) -> None:
    log = tmp_path / "log"
    argv = [sys.executable, "-c", PROGRAM, str(tmp_path / "cache"), str(log)]

    started = [subprocess.Popen(argv) for _ in range(3)]

    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert log.read_text() == "made\n"


def test_waiting_for_another_run_can_be_cancelled(tmp_path: Path) -> None:
    cache = Cache(tmp_path, LARGE)
    cancel = threading.Event()
    key = cache_key({"name": "one"})
    said: list[str] = []

    def wait() -> None:
        try:
            with cache.single_flight(key, cancel=cancel):
                said.append("entered")
        except Interrupted as error:
            said.append(error.code)

    with cache.single_flight(key):
        thread = threading.Thread(target=wait)
        thread.start()
        cancel.set()
        thread.join(10)

    assert said == ["interrupted"]
