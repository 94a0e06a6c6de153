"""Networks as estimators: `NNClassifier` and `NNRegressor` fit, predict and score as scikit-learn's models do.

Both train by Adam on minibatches in the float dtype of X. The classifier minimises the cross-entropy of softmax(f(x)),
so that softmax(f(x)) estimates the probabilities of the classes; the regressor minimises the mean of (f(x) - y)^2, so
that f(x) estimates the mean of y. Nothing is scaled on the way: put a scaler in front where features or targets are far
from the order of 1.
"""

from copy import deepcopy

import numpy as np

from npml_core import (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    check_random_state,
    check_X_y,
    encode_labels,
)

from ..adaptive_optimizers import Adam
from ..layers.base import Layer
from ..layers.parameters import check_sizes
from ..layers.softmax import softmax
from ..models.mlp import MLP
from .data import outputs
from .trainer import Trainer

__all__ = ["NNClassifier", "NNRegressor"]

PREDICTED_TOGETHER = 1024  # samples


class _Network(BaseEstimator):
    """What both share: hyper-parameters, and training into local names first."""

    _loss = ""

    def __init__(
        self,
        build_fn=None,
        hidden_sizes=(100,),
        activation="relu",
        epochs=100,
        batch_size=32,
        lr=0.001,
        random_state=None,
        verbose=0,
    ):
        self.build_fn = build_fn
        self.hidden_sizes = hidden_sizes
        self.activation = activation
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.random_state = random_state
        self.verbose = verbose

    def _train(self, X, data, targets, n_outputs, epochs):
        """A new network for the checked data and targets."""
        rng = check_random_state(self.random_state)
        trainer = Trainer(self._build(data, n_outputs, rng), self._loss, self._optimizer, rng)
        self._run(trainer, data, targets, epochs)
        self._record_features(X)
        self._keep(trainer)

    def _train_further(self, data, targets):
        """One more epoch of the network that is there, on a copy until it is done."""
        trainer = Trainer(deepcopy(self.model_), self._loss, self._optimizer, deepcopy(self._rng))
        trainer.optimizer.load_state_dict(self._optimizer_state)
        trainer.history = {"loss": list(self.loss_curve_)}
        trainer.n_epochs = len(self.loss_curve_)
        self._run(trainer, data, targets, 1)
        self._keep(trainer)

    def _run(self, trainer, data, targets, epochs):
        trainer.fit(data, targets, epochs=epochs, batch_size=self.batch_size, verbose=self.verbose)

    def _keep(self, trainer):
        self.model_, self._rng = trainer.model.eval(), trainer._rng
        self._optimizer_state = trainer.optimizer.state_dict()
        self.loss_curve_ = trainer.history["loss"]

    def _optimizer(self, parameters):
        return Adam(parameters, lr=self.lr)

    def _build(self, data, n_outputs, rng):
        if self.build_fn is None:
            sizes = (self.hidden_sizes,) if np.ndim(self.hidden_sizes) == 0 else tuple(self.hidden_sizes)
            for i, size in enumerate(sizes):
                check_sizes(**{f"hidden_sizes[{i}]": size})
            model = MLP((data.shape[1], *sizes, n_outputs), self.activation, data.dtype, rng)
        else:
            model = self.build_fn(data.shape[1], n_outputs)
        if not isinstance(model, Layer):
            raise TypeError(f"build_fn must return a Layer, got {type(model).__name__}")
        model = model.astype(data.dtype)
        shape = np.shape(model.eval()(data[:1]))
        if shape != (1, n_outputs):
            raise ValueError(f"build_fn must make a model of output shape (n, {n_outputs}), got {shape}")
        return model.train()

    def _outputs(self, X):
        data = self._check_input(X)
        return outputs(self.model_, data, PREDICTED_TOGETHER)


class NNClassifier(ClassifierMixin, _Network):
    """Classifier: a network that ends in one logit per class, by default a multilayer perceptron.

    Parameters
    ----------
    build_fn : callable, optional
        ``build_fn(n_features, n_outputs)`` returns the model (a `Layer`), instead of the perceptron.
    hidden_sizes : sequence of int, default=(100,)
        Units of the hidden layers.
    activation : str, layer, layer class or callable, default="relu"
        After each hidden layer.
    epochs : int, default=100
        How often every sample is used.
    batch_size : int, default=32
        Samples of a step.
    lr : float or schedule, default=0.001
        Learning rate of Adam.
    random_state : None, int, Generator or RandomState
        Draws the perceptron's weights and the order of the samples.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    classes_ : ndarray (n_classes,)
    model_ : Layer
        The network.
    loss_curve_ : list of float
        The mean loss of each epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import NNClassifier
    >>> X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    >>> y = ["same", "other", "other", "same"]
    >>> NNClassifier(hidden_sizes=(16,), lr=0.05, random_state=0).fit(X, y).predict(X)
    array(['same', 'other', 'other', 'same'], dtype='<U5')
    """

    _loss = "cross_entropy"

    def fit(self, X, y):
        """Train a new network.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,)
            Their classes.

        Returns
        -------
        self
        """
        data, labels = check_X_y(X, y)
        classes, codes = encode_labels(labels)
        self._train(X, data, codes, len(classes), self.epochs)
        self.classes_ = classes
        return self

    def partial_fit(self, X, y, classes=None):
        """Train for one epoch on these samples, from where training stands.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,)
            Their classes.
        classes : array-like (n_classes,), optional
            All classes there are; needed in the first call.

        Returns
        -------
        self
        """
        is_first = not hasattr(self, "classes_")
        if is_first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit")
        data, labels = check_X_y(X, y)
        known = encode_labels(classes, name="classes")[0] if is_first else self.classes_
        if not is_first and classes is not None and not np.array_equal(np.unique(classes), known):
            raise ValueError(f"classes must be those of the first call, {known}, got {np.unique(classes)}")
        codes = _codes(labels, known)
        if is_first:
            self._train(X, data, codes, len(known), 1)
            self.classes_ = known
        else:
            self._check_input(X)
            self._train_further(data, codes)
        return self

    def predict_proba(self, X):
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples, n_classes)
            Columns as in ``classes_``.
        """
        return softmax(self._outputs(X))[0]

    def predict(self, X):
        """Return the most probable class of each sample.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples,)
        """
        codes = self._outputs(X).argmax(axis=1)
        return self.classes_[codes]


class NNRegressor(RegressorMixin, _Network):
    """Regressor: a network that ends in one number per target, by default a multilayer perceptron.

    Parameters
    ----------
    build_fn : callable, optional
        ``build_fn(n_features, n_outputs)`` returns the model (a `Layer`), instead of the perceptron.
    hidden_sizes : sequence of int, default=(100,)
        Units of the hidden layers.
    activation : str, layer, layer class or callable, default="relu"
        After each hidden layer.
    epochs : int, default=100
        How often every sample is used.
    batch_size : int, default=32
        Samples of a step.
    lr : float or schedule, default=0.001
        Learning rate of Adam.
    random_state : None, int, Generator or RandomState
        Draws the perceptron's weights and the order of the samples.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    model_ : Layer
        The network.
    n_outputs_ : int
        Targets of a sample.
    loss_curve_ : list of float
        The mean loss of each epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import NNRegressor
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> round(NNRegressor(lr=0.01, random_state=0).fit(X, np.sin(3 * X.ravel())).score(X, np.sin(3 * X)), 1)
    1.0
    """

    _loss = "squared_error"
    _tags = {"multi_output": True}

    def fit(self, X, y):
        """Train a new network.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,) or (n_samples, n_outputs)
            Their targets.

        Returns
        -------
        self
        """
        return self._start(X, *check_X_y(X, y, multi_output=True, y_numeric=True), self.epochs)

    def partial_fit(self, X, y):
        """Train for one epoch on these samples, from where training stands.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.
        y : array-like (n_samples,) or (n_samples, n_outputs)
            Their targets.

        Returns
        -------
        self
        """
        data, targets = check_X_y(X, y, multi_output=True, y_numeric=True)
        if not hasattr(self, "n_outputs_"):
            return self._start(X, data, targets, 1)
        columns = targets.reshape(len(targets), -1)
        if columns.shape[1] != self.n_outputs_:
            raise ValueError(f"y must have {self.n_outputs_} target(s), as in the first call, got {columns.shape[1]}")
        self._check_input(X)
        self._train_further(data, columns)
        return self

    def predict(self, X):
        """Return the targets of each sample.

        Parameters
        ----------
        X : array-like (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray (n_samples,) or (n_samples, n_outputs)
        """
        y = self._outputs(X)
        return y[:, 0] if self._is_flat else y

    def _start(self, X, data, targets, epochs):
        columns = targets.reshape(len(targets), -1)
        self._train(X, data, columns, columns.shape[1], epochs)
        self.n_outputs_, self._is_flat = columns.shape[1], targets.ndim == 1
        return self


def _codes(labels, classes):
    """The place of each label among the sorted classes."""
    encode_labels(labels)  # refuses what are no classes
    places = np.searchsorted(classes, labels).clip(max=len(classes) - 1)
    unknown = labels[classes[places] != labels]
    if len(unknown):
        raise ValueError(f"y must hold classes of {classes}, got {unknown[0]!r}")
    return places
