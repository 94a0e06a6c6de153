"""npml-nn: BertEncoder beside torch's own encoder layers: what every token becomes, and all gradients."""

import numpy as np
import pytest
import torch
from torch import nn

from npml_nn import BertEncoder


class TorchBert(nn.Module):
    """Embeddings, their norm, and torch's transformer layers (norm last), with the weights of ours."""

    def __init__(self, encoder):
        super().__init__()
        D, options = encoder.d_model, {"dtype": torch.float64}
        self.tokens, self.types = (nn.Embedding(n, D, **options) for n in (encoder.vocab_size, encoder.n_types))
        self.positions = nn.Parameter(torch.zeros(encoder.block_size, D, **options))
        self.norm = nn.LayerNorm(D, encoder.eps, **options)
        layer = nn.TransformerEncoderLayer(
            D, encoder.n_heads, encoder.d_ff, 0.0, "gelu", encoder.eps, batch_first=True, **options
        )
        self.blocks = nn.TransformerEncoder(layer, encoder.n_layers, enable_nested_tensor=False)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                parameter.copy_(torch.tensor(of_torch(encoder, name, "params")))

    def forward(self, tokens, mask, types):
        x = self.norm(self.tokens(tokens) + self.types(types) + self.positions[: tokens.shape[1]])
        return self.blocks(x, src_key_padding_mask=~mask)


def of_torch(encoder, name, which):
    """The parameter or gradient of `encoder` that torch calls `name`, laid out as torch does."""
    parts = {"self_attn.in_proj_": "attention.", "self_attn.out_proj.": "attention.out.", "linear": "dense"}
    ours = name.replace("blocks.layers.", "blocks.")
    for theirs, part in parts.items():
        ours = ours.replace(theirs, part)
    ours, _, kind = ours.rpartition(".")
    if name == "positions":
        return getattr(encoder, which)["positions"]
    letter = "b" if kind == "bias" else "g" if "norm" in ours else "W"
    array = getattr(encoder, which)[f"{ours}.{letter}"]
    return array.T if letter == "W" and ours not in ("tokens", "types") else array


@pytest.mark.parametrize("n_heads, n_layers", [(1, 1), (4, 3)])
def test_values_and_gradients_with_padding(n_heads, n_layers, rng):
    encoder = BertEncoder(17, 16, n_heads, n_layers, 24, block_size=12, dtype=np.float64, random_state=0)
    for array in encoder.params.values():
        array += rng.normal(0, 0.2, array.shape)
    module = TorchBert(encoder)
    tokens, types, lengths = rng.integers(0, 17, (5, 9)), rng.integers(0, 2, (5, 9)), np.array([9, 1, 4, 7, 2])
    mask = np.arange(9) < lengths[:, None]
    dy = rng.normal(size=(5, 9, 16)) * mask[:, :, None]
    y = module(*map(torch.tensor, (tokens, mask, types)))
    y.backward(torch.tensor(dy))
    np.testing.assert_allclose(encoder(tokens, mask, types)[mask], y.detach().numpy()[mask], rtol=1e-8, atol=1e-10)
    encoder.backward(dy)
    for name, parameter in module.named_parameters():
        gradient = of_torch(encoder, name, "grads")
        scale = np.abs(gradient).max()
        np.testing.assert_allclose(gradient, parameter.grad.numpy(), rtol=1e-8, atol=1e-10 * scale, err_msg=name)
