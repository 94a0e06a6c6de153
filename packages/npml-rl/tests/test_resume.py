"""A run that is killed and resumed from its last file ends as the run that was not."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from npml_rl.agents.base import Agent

SCRIPT = """
import os, sys
from npml_rl import DynaQAgent, MonteCarloAgent, SARSAAgent, TabularEnv
from npml_rl.agents.base import Agent

corridor = [
    [[(0.8, max(s - 1, 0), 0.0, False), (0.2, s + 1, float(s == 8), s == 8)],
     [(0.2, max(s - 1, 0), 0.0, False), (0.8, s + 1, float(s == 8), s == 8)]] for s in range(9)
] + [[[(1.0, 9, 0.0, True)]] * 2]
name, path, total = sys.argv[1], sys.argv[2], int(sys.argv[3])
fresh = {"sarsa": SARSAAgent, "monte carlo": MonteCarloAgent}.get(name)
if os.path.exists(path):
    agent = Agent.load(path)
elif fresh:
    agent = fresh(random_state=1)
else:
    agent = DynaQAgent(random_state=1, plus=True, prioritized=True, n_planning=4)
while getattr(agent, "n_episodes_", 0) < total:
    agent.train(TabularEnv(corridor, max_steps=80), min(3, total - getattr(agent, "n_episodes_", 0)), seed=7)
    agent.save(path)
"""


@pytest.mark.parametrize("name", ["sarsa", "monte carlo", "dyna"])
def test_killed_and_resumed(name, tmp_path):
    killed = 0
    path, whole = tmp_path / "agent", tmp_path / "whole"
    subprocess.run([sys.executable, "-c", SCRIPT, name, whole, "150"], check=True)
    for _ in range(2):
        writer = subprocess.Popen([sys.executable, "-c", SCRIPT, name, path, "1000000"])
        while not path.exists() or (killed and path.stat().st_mtime_ns == seen):
            assert writer.poll() is None
            time.sleep(0.002)
        path.stat().st_mtime_ns
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        killed += 1
        if Agent.load(path).n_episodes_ >= 150:
            path.unlink()
    subprocess.run([sys.executable, "-c", SCRIPT, name, path, "150"], check=True)
    a, b = Agent.load(whole), Agent.load(path)
    assert a.n_episodes_ == b.n_episodes_ == 150
    assert np.array_equal(a.Q_, b.Q_)
    assert a.rng_.bit_generator.state == b.rng_.bit_generator.state
    if name == "dyna":
        assert vars(a.model_) == vars(b.model_)
