"""A causal transformer block, norm first and norm last: values and gradients."""

import torch

NAMES = {
    "attention.W": "self_attn.in_proj_weight",
    "attention.b": "self_attn.in_proj_bias",
    "attention.out.W": "self_attn.out_proj.weight",
    "attention.out.b": "self_attn.out_proj.bias",
    "dense1.W": "linear1.weight",
    "dense1.b": "linear1.bias",
    "dense2.W": "linear2.weight",
    "dense2.b": "linear2.bias",
    "norm1.g": "norm1.weight",
    "norm1.b": "norm1.bias",
    "norm2.g": "norm2.weight",
    "norm2.b": "norm2.bias",
}


def record():
    torch.manual_seed(0)
    x, dy = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True), torch.randn(2, 3, 4, dtype=torch.float64)
    answers, state = {"x": x, "dy": dy}, None
    options = {"dropout": 0.0, "activation": "gelu", "batch_first": True, "dtype": torch.float64}
    for norm_first in (True, False):
        block = torch.nn.TransformerEncoderLayer(4, 2, 6, norm_first=norm_first, **options)
        if state is None:
            state = {name: torch.randn_like(weight) for name, weight in block.state_dict().items()}
            answers |= {f"state_{ours}": transposed(state[theirs]) for ours, theirs in NAMES.items()}
        block.load_state_dict(state)
        weights = dict(block.named_parameters())
        y = block(x, src_mask=torch.nn.Transformer.generate_square_subsequent_mask(3, dtype=torch.float64))
        dx, *gradients = torch.autograd.grad(y, [x, *(weights[theirs] for theirs in NAMES.values())], dy)
        answers |= {f"y_{norm_first}": y, f"dx_{norm_first}": dx}
        answers |= {f"grad_{norm_first}_{ours}": transposed(gradient) for ours, gradient in zip(NAMES, gradients)}
    return {name: tensor.detach().numpy() for name, tensor in answers.items()}


def transposed(array):
    """Matrices in our layout, biases as they are."""
    return array.mT if array.ndim == 2 else array
