"""RNN, LSTM and GRU over a sequence from a given state: values and gradients."""

import torch

KINDS = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


def record():
    torch.manual_seed(0)
    x, dy = torch.randn(2, 5, 3, dtype=torch.float64), torch.randn(2, 5, 4, dtype=torch.float64)
    h, c, dh, dc = (torch.randn(2, 4, dtype=torch.float64) for _ in range(4))
    answers = {"x": x, "dy": dy, "h": h, "c": c, "dh": dh, "dc": dc}
    for kind, module in KINDS.items():
        module = module(3, 4, batch_first=True, dtype=torch.float64)
        if kind != "gru":
            torch.nn.init.zeros_(module.bias_hh_l0)  # one bias instead of two
        inputs = [a.clone().requires_grad_() for a in ((x, h, c) if kind == "lstm" else (x, h))]
        state = tuple(a[None] for a in inputs[1:])
        y, last = module(inputs[0], state if kind == "lstm" else state[0])
        last = [a[0] for a in (last if kind == "lstm" else (last,))]
        weights = {"W": module.weight_ih_l0, "U": module.weight_hh_l0, "b": module.bias_ih_l0}
        if kind == "gru":
            weights["b_h"] = module.bias_hh_l0
        gradients = torch.autograd.grad([y, *last], [*inputs, *weights.values()], [dy, dh, dc][: len(inputs)])
        answers |= {f"{kind}_{name}": transposed(weight) for name, weight in weights.items()}
        named = {"y": y, **dict(zip("hc", last)), **dict(zip(("dx", "dh0", "dc0"), gradients))}
        named |= {f"d{name}": transposed(gradient) for name, gradient in zip(weights, gradients[len(inputs) :])}
        answers |= {f"{kind}_out_{name}": tensor for name, tensor in named.items()}
    return {name: tensor.detach().numpy() for name, tensor in answers.items()}


def transposed(array):
    """Matrices in our layout, biases as they are."""
    return array.mT if array.ndim == 2 else array
