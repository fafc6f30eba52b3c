"""Ports are leased to folders, never the same to two that exist, never one that is in use."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ropewalk.errors import WorktreeError
from ropewalk.store.ports import END, FIRST, PortRange, lease_ports


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "worktrees" / str(number) for number in range(6)]
    for folder in made:
        folder.mkdir(parents=True)
    return made


def test_ranges_of_folders_that_ask_at_once_are_distinct(
    tmp_path: Path, folders: list[Path]
) -> None:
    with ThreadPoolExecutor() as pool:
        leased = list(pool.map(lambda folder: lease_ports(tmp_path, folder, 4), folders))

    ports = [port for each in leased for port in each.ports]
    assert len(set(ports)) == 24
    assert all(FIRST <= port < END for port in ports)


def test_asking_again_gives_the_same_range_and_another_count_another_one(
    tmp_path: Path, folders: list[Path]
) -> None:
    first = lease_ports(tmp_path, folders[0], 2)
    lease_ports(tmp_path, folders[1], 2)

    assert lease_ports(tmp_path, folders[0], 2) == first
    assert lease_ports(tmp_path, folders[0], 5).count == 5


def test_the_ports_of_a_folder_that_is_gone_are_free_again(
    tmp_path: Path, folders: list[Path]
) -> None:
    first = lease_ports(tmp_path, folders[0], 3)
    folders[0].rmdir()

    assert lease_ports(tmp_path, folders[1], 3) == first
    leases = json.loads((tmp_path / "ropewalk" / "ports.json").read_text())["leases"]
    assert list(leases) == [str(folders[1])]


def test_a_port_on_which_somebody_listens_is_left_out(tmp_path: Path, folders: list[Path]) -> None:
    wanted = lease_ports(tmp_path, folders[0], 2)
    folders[0].rmdir()
    with socket.create_server(("127.0.0.1", wanted.first + 1)):
        other = lease_ports(tmp_path, folders[1], 2)

    assert wanted.first + 1 not in other.ports


def test_a_damaged_file_is_made_anew(tmp_path: Path, folders: list[Path]) -> None:
    first = lease_ports(tmp_path, folders[0], 2)
    (tmp_path / "ropewalk" / "ports.json").write_text('{"leases": [')

    assert lease_ports(tmp_path, folders[0], 2) == PortRange(first=first.first, count=2)


def test_a_range_that_was_never_leased_counts_for_nothing(
    tmp_path: Path, folders: list[Path]
) -> None:
    first = lease_ports(tmp_path, folders[0], 2)
    path = tmp_path / "ropewalk" / "ports.json"
    ranges = {folders[0]: (22, 2), folders[1]: (FIRST, 10**15), folders[2]: (END - 1, 2)}
    leases = {str(name): {"first": at, "count": size} for name, (at, size) in ranges.items()}
    path.write_text(json.dumps({"schema_version": 1, "leases": leases}))

    assert lease_ports(tmp_path, folders[0], 2) == first


def test_more_ports_than_there_are_is_said(tmp_path: Path, folders: list[Path]) -> None:
    with pytest.raises(WorktreeError, match="no 12001 ports in a row are free"):
        lease_ports(tmp_path, folders[0], END - FIRST + 1)
