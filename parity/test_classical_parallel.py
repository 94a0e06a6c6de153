"""n_jobs changes no digit: with processes, with threads, and on a dask cluster of two worker processes."""

import joblib
import numpy as np
import pytest
from distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV

from npml_classical import GaussianMixture, KNeighborsClassifier, RandomForestClassifier, RandomForestRegressor


def data(n=240):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4))
    return X, (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)


X, Y = data()


def fit_forest(n_jobs):
    return RandomForestClassifier(n_estimators=8, max_depth=5, random_state=0, n_jobs=n_jobs).fit(X, Y).predict_proba(X)


def fit_regression_forest(n_jobs):
    model = RandomForestRegressor(n_estimators=6, max_depth=5, random_state=0, n_jobs=n_jobs)
    return model.fit(X, X[:, 0] * X[:, 1]).predict(X)


def fit_mixture(n_jobs):
    model = GaussianMixture(3, n_init=4, random_state=0, max_iter=300, n_jobs=n_jobs).fit(X)
    return np.column_stack([model.weights_, model.means_, model.covariances_.reshape(3, -1)])


def find_neighbours(n_jobs):
    return KNeighborsClassifier(5, n_jobs=n_jobs).fit(X, Y).predict_proba(X)


def search(n_jobs):
    grid = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 5, 9]}, cv=3, n_jobs=n_jobs).fit(X, Y)
    return np.append(grid.cv_results_["mean_test_score"], grid.best_params_["n_neighbors"])


WORK = [fit_forest, fit_regression_forest, fit_mixture, find_neighbours, search]


@pytest.fixture(scope="module")
def cluster():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as workers,
        Client(workers) as client,
    ):
        client.wait_for_workers(2, timeout=30)
        yield client


@pytest.mark.parametrize("work", WORK[:-1])
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_two_workers_give_the_serial_result(work, backend):
    serial = work(1)
    with joblib.parallel_config(backend=backend):
        np.testing.assert_array_equal(work(2), serial)


@pytest.mark.parametrize("work", WORK)
def test_dask_cluster_gives_the_serial_result(work, cluster):
    serial = work(None)
    with joblib.parallel_config(backend="dask"):
        np.testing.assert_array_equal(work(2), serial)


@pytest.mark.parametrize("work", [fit_forest, fit_mixture])
def test_the_work_is_done_by_the_workers(work, cluster):
    before = len(cluster.get_task_stream())
    with joblib.parallel_config(backend="dask"):
        work(2)
    done = cluster.get_task_stream()[before:]
    assert done
    assert {task["worker"] for task in done} <= set(cluster.scheduler_info()["workers"])
