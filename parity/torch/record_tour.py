"""Record torch's columns of the tour: train the tour's networks in torch, keep their figure of merit and seconds.

    python parity/torch/record_tour.py [--check] [KEY ...]

writes ``parity/data/tour_torch.json`` (only the named keys are run again, if any are named; with ``--check`` nothing is
written, and the exit code is 1 when a figure of merit is not what was recorded)::

    {"torch": "2.13.0", "threads": 1, "rows": {"mlp_digits": {"metric": 0.9711, "seconds": 1.234}}}

To add a row, decorate a function that trains the same architecture on the same data with the same number of steps as
the tour's stop does, and returns ``(metric, seconds)``; its name is the key that the stop gives to `tour_kit.recorded`.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch

from npml_core import atomic_write, train_test_split

PATH = Path(__file__).resolve().parents[1] / "data" / "tour_torch.json"
THREADS = 1
TOLERANCE = 0.02  # of the figure of merit: processors round differently, and training carries that on
RECORDS = {}


def record(function):
    """Register a function that returns (metric, seconds)."""
    RECORDS[function.__name__] = function
    return function


def seconds_of(function):
    """Run a function: its result and the seconds it took."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def digits():
    """The digits as the tour splits them: X_train, X_test, y_train, y_test."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return map(torch.from_numpy, train_test_split((X / 16).astype(np.float32), y, random_state=0))


@record
def mlp_digits():
    """64-64-10, ReLU, 30 epochs of SGD with momentum in batches of 32; like the tour, it tests after each epoch."""
    X, X_test, y, y_test = digits()
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    def train():
        for _ in range(30):
            for rows in torch.randperm(len(X)).split(32):
                loss = torch.nn.functional.cross_entropy(model(X[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                accuracy = (model(X_test).argmax(dim=1) == y_test).float().mean()
        return accuracy

    return seconds_of(train)


@record
def conv_net_digits():
    """Two convolutions, pooling, one dense layer; 10 epochs of Adam in batches of 32, tested after each epoch."""
    X, X_test, y, y_test = digits()
    X, X_test = X.reshape(-1, 1, 8, 8), X_test.reshape(-1, 1, 8, 8)
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 10),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)

    def train():
        for _ in range(10):
            for rows in torch.randperm(len(X)).split(32):
                loss = nn.functional.cross_entropy(model(X[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                accuracy = (model(X_test).argmax(dim=1) == y_test).float().mean()
        return accuracy

    return seconds_of(train)


@record
def vae_digits():
    """The tour's convolutional VAE, 25 epochs of Adam in batches of 64; the bound on the digits it has not seen."""
    from sklearn.datasets import load_digits

    nn, n_latent = torch.nn, 8
    X = torch.from_numpy((load_digits().images / 16).astype(np.float32))[:, None]
    train_set, new = X[:1500], X[1500:]
    encoder = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(128, 16)
    )
    decoder = nn.Sequential(
        nn.Linear(n_latent, 128),
        nn.ReLU(),
        nn.Unflatten(1, (32, 2, 2)),
        nn.ConvTranspose2d(32, 16, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 4, 2, 1),
        nn.Sigmoid(),
    )
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)

    def loss(x):
        mean, logvar = encoder(x).chunk(2, dim=1)
        recon = decoder(mean + torch.exp(logvar / 2) * torch.randn_like(mean))
        divergence = 0.5 * (logvar.exp() + mean**2 - 1 - logvar).sum()
        return (nn.functional.binary_cross_entropy(recon, x, reduction="sum") + divergence) / len(x)

    def train():
        for _ in range(25):
            for rows in torch.randperm(len(train_set)).split(64):
                value = loss(train_set[rows])
                optimizer.zero_grad()
                value.backward()
                optimizer.step()

    _, seconds = seconds_of(train)
    with torch.no_grad():
        return -loss(new).item(), seconds


@record
def gpt_lee():
    """The tour's GPT from the same weights on the same batches; bits a letter of the end of the Lee corpus."""
    import gensim

    from npml_nn import GPT

    steps, batch, length, width, n_heads = 250, 12, 64, 64, 4
    text = (Path(gensim.__file__).parent / "test" / "test_data" / "lee_background.cor").read_text(encoding="utf-8")
    alphabet = sorted(set(text))
    codes = np.searchsorted(alphabet, list(text))
    cut, rng, F = len(codes) * 9 // 10, np.random.default_rng(0), torch.nn.functional
    gpt = GPT(len(alphabet), length, width, n_heads, n_layers=2, random_state=rng)
    P = {name: torch.tensor(array, requires_grad=True) for name, array in gpt.params.items()}
    optimizer = torch.optim.AdamW(P.values(), lr=4e-3, betas=(0.9, 0.99), weight_decay=0.01)

    def norm(x, name):
        return F.layer_norm(x, (width,), P[f"{name}.g"], P[f"{name}.b"])

    def dense(x, name):
        return x @ P[f"{name}.W"] + P[f"{name}.b"]

    def loss(windows):
        x = P["tokens.W"][windows[:, :-1]] + P["positions"]
        for b in ("blocks.0", "blocks.1"):
            qkv = dense(norm(x, f"{b}.norm1"), f"{b}.attention").split(width, dim=-1)
            q, k, v = (part.unflatten(-1, (n_heads, -1)).transpose(1, 2) for part in qkv)
            o = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
            x = x + dense(o, f"{b}.attention.out")
            x = x + dense(F.gelu(dense(norm(x, f"{b}.norm2"), f"{b}.dense1")), f"{b}.dense2")
        logits = norm(x, "norm") @ P["tokens.W"].T
        return F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())

    def train():
        for _ in range(steps):
            starts = rng.integers(0, cut - length - 1, (batch, 1))
            value = loss(torch.tensor(codes[starts + np.arange(length + 1)]))
            optimizer.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(P.values(), 1.0)
            optimizer.step()

    _, seconds = seconds_of(train)
    new = codes[cut:][np.arange(100)[:, None] * length + np.arange(length + 1)]
    with torch.no_grad():
        return loss(torch.tensor(new)).item() / np.log(2), seconds


def main(argv=None):
    """Run the named records, or all; write the file or compare with it. The exit code."""
    parser = argparse.ArgumentParser(description="Record torch's columns of the tour.")
    parser.add_argument("--check", action="store_true", help="write nothing, compare with what is recorded")
    parser.add_argument("keys", nargs="*", help=f"of {', '.join(RECORDS)}")
    options = parser.parse_args(argv)
    if unknown := sorted(set(options.keys) - RECORDS.keys()):
        parser.error(f"no such record: {', '.join(unknown)}; there are: {', '.join(RECORDS)}")
    torch.set_num_threads(THREADS)
    fresh = {key: run(key) for key in options.keys or RECORDS}
    recorded = json.loads(PATH.read_text(encoding="utf-8"))["rows"]
    return compare(fresh, recorded) if options.check else write(fresh, recorded)


def run(key):
    """One row, from a fixed seed."""
    torch.manual_seed(0)
    metric, seconds = RECORDS[key]()
    row = {"metric": round(float(metric), 6), "seconds": round(seconds, 4)}
    print(f"{key}: {row}")
    return row


def compare(fresh, recorded):
    """Name the rows whose figure of merit moved; seconds are the machine's. The exit code."""
    moved = []
    for key, row in fresh.items():
        old = recorded.get(key, {"metric": math.nan})["metric"]
        if not abs(row["metric"] - old) <= TOLERANCE * abs(old):
            moved.append(f"{key}: {old} recorded, {row['metric']} now")
    print("\n".join(moved) or "as recorded")
    return len(moved) > 0


def write(fresh, recorded):
    """Put the fresh rows beside the recorded ones that still have a function. The exit code."""
    rows = {key: row for key, row in (recorded | fresh).items() if key in RECORDS}
    content = {"torch": torch.__version__.split("+")[0], "threads": THREADS, "rows": dict(sorted(rows.items()))}
    with atomic_write(PATH, "w") as file:
        file.write(json.dumps(content, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
