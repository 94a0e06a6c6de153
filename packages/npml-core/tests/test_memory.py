import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np

if sys.argv[1] == "with":
    import npml_core

def faults_of_a_step():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [np.ones(2**20, np.uint8) for _ in range(20)]  # alive together, as a network's activations are
    del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults_of_a_step()
print(faults_of_a_step())
"""


def faults(how):
    return int(subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, check=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="a habit of glibc")
def test_memory_that_was_freed_is_used_again():
    if faults("without") < 1000:
        pytest.skip("this C library keeps freed memory anyway")
    assert faults("with") < 100
