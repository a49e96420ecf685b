import subprocess
import sys

BUSY = """
import sys, threading, cv2, numpy
from lpr_edge.app import cli

def work():
    image = numpy.zeros((300, 300, 3), numpy.uint8)
    while True:
        cv2.GaussianBlur(image, (15, 15), 0)

def run(*_):
    threading.Thread(target=work, daemon=True).start()
    print("told")
    return 3

cli._run = run
sys.exit(cli.main())
"""


def test_a_thread_inside_opencv_does_not_abort_the_end() -> None:
    """A camera's thread that is left behind doesn't turn the exit status into SIGABRT, and what was printed is out."""
    done = subprocess.run([sys.executable, "-c", BUSY], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "told\n", "")
