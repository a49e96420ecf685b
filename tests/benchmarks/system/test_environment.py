from pathlib import Path

import pytest

from lpr_bench.system.environment import board_name, describe_environment, describe_state, file_stem, os_name


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    """The files by which a Raspberry Pi tells what it is and how it fares."""
    contents = {
        "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
        "proc/cpuinfo": "processor\t: 0\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n",
        "proc/loadavg": "0.42 0.30 0.20 1/200 999\n",
        "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n',
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1500000\n",
        "sys/class/thermal/thermal_zone0/temp": "48312\n",
    }
    for name, text in contents.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_board_names_itself(pi: Path) -> None:
    """A board is called what its device tree says, and its file after that."""
    assert board_name(pi) == "Raspberry Pi 4 Model B Rev 1.4"
    assert file_stem(board_name(pi)) == "raspberry-pi-4-model-b-rev-1-4"


def test_state_is_read(pi: Path) -> None:
    """Governor, frequency, temperature and load stand in the state, in the units that their names say."""
    assert describe_state(pi) == {
        "governor": "ondemand",
        "frequency_khz": 1500000.0,
        "temperature_celsius": 48.312,
        "throttled": None,
        "load_1_minute": 0.42,
    }


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    """What a machine doesn't tell is null, never a guess."""
    assert set(describe_state(tmp_path).values()) == {None}
    assert board_name(tmp_path)
    assert os_name(tmp_path)


def test_environment_names_versions(pi: Path) -> None:
    """The environment holds the versions of lpr, of NumPy and of the operating system."""
    environment = describe_environment(pi)
    assert environment["system"] == "Debian GNU/Linux 12 (bookworm)"
    assert {"lpr", "numpy"} <= set(environment["packages"])


def test_file_stem_of_odd_names() -> None:
    """Any name gives a file name of small letters, digits and hyphens, never an empty one."""
    assert file_stem("Intel(R) Core(TM) i7 @ 3.4 GHz (x86_64)") == "intel-r-core-tm-i7-3-4-ghz-x86-64"
    assert file_stem("///") == "board"
