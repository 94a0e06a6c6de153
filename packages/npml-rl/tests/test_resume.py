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
from npml_rl import DynaQAgent, SARSAAgent, TabularEnv
from npml_rl.agents.base import Agent

corridor = [
    [[(0.8, max(s - 1, 0), 0.0, False), (0.2, s + 1, float(s == 8), s == 8)],
     [(0.2, max(s - 1, 0), 0.0, False), (0.8, s + 1, float(s == 8), s == 8)]] for s in range(9)
] + [[[(1.0, 9, 0.0, True)]] * 2]
name, path, total = sys.argv[1], sys.argv[2], int(sys.argv[3])
if os.path.exists(path):
    agent = Agent.load(path)
elif name == "sarsa":
    agent = SARSAAgent(random_state=1)
else:
    agent = DynaQAgent(random_state=1, plus=True, prioritized=True, n_planning=4)
while getattr(agent, "n_episodes_", 0) < total:
    agent.train(TabularEnv(corridor, max_steps=80), min(3, total - getattr(agent, "n_episodes_", 0)), seed=7)
    agent.save(path)
"""


def run_until_killed(arguments, path):
    """Start the script, kill it once it has written the file anew, at a moment nobody chose."""
    before = path.stat().st_mtime_ns if path.exists() else None
    with subprocess.Popen([sys.executable, "-c", SCRIPT, *arguments]) as writer:
        try:
            while writer.poll() is None and (not path.exists() or path.stat().st_mtime_ns == before):
                time.sleep(0.002)
        finally:
            writer.send_signal(signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL


@pytest.mark.parametrize("name", ["sarsa", "dyna"])
def test_killed_and_resumed(name, tmp_path):
    path, whole = tmp_path / "agent", tmp_path / "whole"
    for _ in range(2):
        run_until_killed([name, path, "1000000"], path)
    reached = Agent.load(path).n_episodes_
    assert reached >= 6
    for target in (path, whole):
        subprocess.run([sys.executable, "-c", SCRIPT, name, target, str(reached + 20)], check=True)
    a, b = Agent.load(whole), Agent.load(path)
    assert a.n_episodes_ == b.n_episodes_ == reached + 20
    assert np.array_equal(a.Q_, b.Q_)
    assert a.rng_.bit_generator.state == b.rng_.bit_generator.state
    if name == "dyna":
        assert vars(a.model_) == vars(b.model_)
