"""The small environments: rules, seeds, protocol."""

import numpy as np
import pytest

from npml_rl import Blackjack, CliffWalk, Maze, MountainCar, TabularEnv, TabularVectorEnv

COIN = [[[(0.25, 0, 1.0, False), (0.75, 1, 5.0, True)], [(1.0, 0, 0.0, False)]], [[(1.0, 1, 0.0, True)]] * 2]


def walk(env, actions):
    env.reset()
    return [env.step(a) for a in actions]


def test_the_cliff():
    steps = walk(CliffWalk(), [0, *[1] * 11, 2])
    assert sum(step[1] for step in steps) == -13.0
    assert [step[2] for step in steps] == [False] * 12 + [True]
    assert walk(CliffWalk(), [1])[0][:2] == (36, -100.0)
    assert walk(CliffWalk(), [3, 2])[-1][:2] == (36, -1.0)


def test_the_dyna_maze_takes_14_steps_and_its_finer_copies_as_many_times_more():
    for resolution, least in ((1, 14), (2, 27), (3, 40)):
        assert shortest(Maze.dyna(resolution)) == least
    with pytest.raises(ValueError, match="layout"):
        Maze("S..\n..")


def shortest(maze):
    frontier, seen, n_steps = {maze.start}, set(), 0
    while not any(maze.cells[s] == "G" for s in frontier):
        seen |= frontier
        following = set()
        for s in frontier:
            for a in range(4):
                maze._state = s
                following.add(maze.step(a)[0])
        frontier, n_steps = following - seen, n_steps + 1
    return n_steps


@pytest.mark.parametrize(("make", "before", "after"), [(Maze.blocking, 10, 16), (Maze.shortcut, 16, 10)])
def test_walls_move_when_it_is_time(make, before, after):
    maze = make(change_at=5)
    cells = maze.cells
    assert shortest(make(change_at=10**9)) == before
    walk(maze, [2] * 4)
    assert maze.cells == cells
    maze.step(2)
    maze._change_at = None
    assert maze.cells != cells
    assert shortest(maze) == after


def test_blackjack_pays_what_the_rules_give():
    env = Blackjack()
    env.reset(seed=0)
    returns, ends = [], set()
    for _ in range(4000):
        (total, showing, ace), _ = env.reset()
        assert 4 <= total <= 21
        assert 1 <= showing <= 10
        assert ace in (0, 1)
        obs, reward, terminated, truncated, _ = env.step(0)
        assert terminated
        assert not truncated
        assert obs == (total, showing, ace)
        returns.append(reward)
        ends.add(reward)
    assert ends == {-1.0, 0.0, 1.0}
    # sticking at once loses 0.16 on average; three standard errors
    assert abs(np.mean(returns) - -0.16) < 3 * np.std(returns) / 4000**0.5 + 0.01
    bust = Blackjack(start=(21, 10, 0))
    bust.reset(seed=1)
    assert bust.step(1)[1:4] == (-1.0, True, False)


def test_mountain_car_needs_to_swing():
    env = MountainCar()
    env.reset(seed=3)
    for _ in range(300):
        obs, reward, terminated, _, _ = env.step(2)
        assert not terminated
        assert reward == -1.0
    env.reset(seed=3)
    action, n_steps = 2, 0
    while not terminated:
        obs, _, terminated, _, _ = env.step(action)
        action, n_steps = (2 if obs[1] >= 0 else 0), n_steps + 1
        assert -1.2 <= obs[0] <= 0.5
        assert abs(obs[1]) <= 0.07
    assert n_steps < 200


def test_a_table_is_followed_one_at_a_time_and_in_lanes():
    single, lanes = TabularEnv(COIN), TabularVectorEnv(COIN, 4000, autoreset_mode="Disabled")
    single.reset(seed=0)
    wins = 0
    for _ in range(4000):
        single.reset()
        wins += single.step(0)[:3] == (1, 5.0, True)
    lanes.reset(seed=0)
    obs, rewards, terminated, _, _ = lanes.step(np.zeros(4000, dtype=np.int64))
    assert (rewards[obs == 1] == 5.0).all()
    assert (rewards[obs == 0] == 1.0).all()
    assert (terminated == (obs == 1)).all()
    for count in (wins, terminated.sum()):
        assert abs(count - 3000) < 4 * (4000 * 0.25 * 0.75) ** 0.5


def test_same_seed_same_episodes():
    for make in (Blackjack, MountainCar, lambda: TabularEnv(COIN, start=[0.5, 0.5])):
        a, b = make(), make()
        assert str(a.reset(seed=5)) == str(b.reset(seed=5))
        assert str([a.step(1) for _ in range(3)]) == str([b.step(1) for _ in range(3)])


def test_time_limits_and_bad_tables():
    env = TabularEnv(COIN, max_steps=2)
    assert [step[3] for step in walk(env, [1, 1])] == [False, True]
    with pytest.raises(ValueError, match="sum to 1"):
        TabularEnv([[[(0.5, 0, 0.0, False)]]])
    with pytest.raises(ValueError, match="actions"):
        TabularEnv([COIN[0], COIN[0][:1]])
    with pytest.raises(ValueError, match="start"):
        TabularEnv(COIN, start=[0.5, 0.4])
    with pytest.raises(ValueError, match="autoreset_mode"):
        TabularVectorEnv(COIN, 2, autoreset_mode="never")
