"""Signals that arrive while the process restarts."""

import subprocess
import sys

WITH_A_THREAD = """
import os, signal, threading, time
from lpr_edge.base.signals import hold_signals

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
hold_signals()
os.kill(os.getpid(), signal.SIGTERM)
os.kill(os.getpid(), signal.SIGHUP)
pending = 0
while pending & 0x4001 != 0x4001:  # of the main thread, once the other one has handled its part
    time.sleep(0.01)
    (line,) = (line for line in open("/proc/self/status") if line.startswith("SigPnd"))
    pending = int(line.split()[1], 16)
os.execv("/bin/grep", ["grep", "SigPnd", "/proc/self/status"])
"""


def test_a_signal_that_another_thread_receives_waits_for_the_next_program() -> None:
    """Threads that don't block it can't end the process, and the program that is started has it pending."""
    done = subprocess.run([sys.executable, "-c", WITH_A_THREAD], capture_output=True, text=True, timeout=60, check=True)
    assert int(done.stdout.split()[1], 16) & 0x4001 == 0x4001
