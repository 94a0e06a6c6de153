import subprocess
import sys

import pytest

PROGRAM = """
import resource
import numpy as np
import npml_core

def faults_of_a_step():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [np.ones(2**20, np.uint8) for _ in range(20)]  # alive together, as a network's activations are
    del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults_of_a_step()
print(faults_of_a_step())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a habit of glibc")
def test_memory_that_was_freed_is_used_again():
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True, text=True)
    assert int(run.stdout) < 100  # without npml_core 5,120, a page of 4 kB each
