"""npml-nn: whole models. A training step (forward, backward, optimizer) or a pass over text, float32."""

import numpy as np
from harness import Pair, case, close

GPT_SIZES = {
    "nanoGPT on a CPU: 4 layers, 4 heads, d 128, T 64, batch 12": dict(n=12, length=64, d_model=128),
    "4 layers, 4 heads, d 256, T 128, batch 8": dict(n=8, length=128, d_model=256),
}


def torch_gpt(gpt):
    """The same GPT in torch, with the weights of ours: a module that gives logits."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    def loaded(module, W, b):
        weight = W.T if isinstance(module, nn.Linear) else W
        module.load_state_dict({"weight": torch.tensor(weight.copy()), "bias": torch.tensor(b.copy())})
        return module

    D, h = gpt.d_model, gpt.n_heads

    class Block(nn.Module):
        def __init__(self, block):
            super().__init__()
            a = block.attention
            self.norm1 = loaded(nn.LayerNorm(D), block.norm1.g, block.norm1.b)
            self.norm2 = loaded(nn.LayerNorm(D), block.norm2.g, block.norm2.b)
            self.qkv = loaded(nn.Linear(D, 3 * D), a.W, a.b)
            self.out = loaded(nn.Linear(D, D), a.out.W, a.out.b)
            self.dense1 = loaded(nn.Linear(D, 4 * D), block.dense1.W, block.dense1.b)
            self.dense2 = loaded(nn.Linear(4 * D, D), block.dense2.W, block.dense2.b)

        def forward(self, x):
            q, k, v = (a.unflatten(-1, (h, D // h)).transpose(1, 2) for a in self.qkv(self.norm1(x)).split(D, dim=-1))
            o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(o.transpose(1, 2).flatten(2))
            return x + self.dense2(F.gelu(self.dense1(self.norm2(x))))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens = nn.Embedding.from_pretrained(torch.tensor(gpt.tokens.W.copy()), freeze=False)
            self.positions = nn.Parameter(torch.tensor(gpt.positions.copy()))
            self.blocks = nn.Sequential(*map(Block, gpt.blocks))
            self.norm = loaded(nn.LayerNorm(D), gpt.norm.g, gpt.norm.b)

        def forward(self, tokens):
            x = self.blocks(self.tokens(tokens) + self.positions[: tokens.shape[1]])
            return F.linear(self.norm(x), self.tokens.weight)

    return Model()


@case("npml-nn", group="models", peer="torch", sizes=GPT_SIZES)
def gpt_step(n, length, d_model, vocab_size=65):
    import torch
    from torch.nn import functional as F

    from npml_nn import GPT, AdamW, CrossEntropy

    rng = np.random.default_rng(0)
    text = rng.integers(0, vocab_size, (n, length + 1))
    x, y = text[:, :-1], text[:, 1:]
    gpt = GPT(vocab_size, length, d_model, n_heads=4, n_layers=4, random_state=0)
    module, loss = torch_gpt(gpt), CrossEntropy()
    options = dict(lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1, eps=1e-8)
    optimizer, peer_optimizer = AdamW(gpt.parameters(), **options), torch.optim.AdamW(module.parameters(), **options)
    tx, ty = torch.tensor(x), torch.tensor(y).flatten()

    def ours():
        value, dy = loss(gpt(x), y)
        optimizer.zero_grad()
        gpt.backward(dy)
        optimizer.step()
        return value

    def theirs():
        value = F.cross_entropy(module(tx).flatten(0, 1), ty)
        peer_optimizer.zero_grad()
        value.backward()
        peer_optimizer.step()
        return value.item()

    return Pair(ours, theirs, close(1e-4), work=(n * length, "tokens"))


@case("npml-nn", group="models", peer="torch", sizes={"d 128, T 64, 40 tokens of 64": dict(n_tokens=40)})
def gpt_generate(n_tokens):
    """With a key-value cache, against torch's passes over the whole text (it has no cache of its own)."""
    import torch

    from npml_nn import GPT

    gpt = GPT(65, 64, 128, n_heads=4, n_layers=4, random_state=0)
    module = torch_gpt(gpt)

    def theirs():
        text = torch.tensor([[1]])
        with torch.inference_mode():
            for _ in range(n_tokens):
                text = torch.cat([text, module(text)[:, -1].argmax(dim=1, keepdim=True)], dim=1)
        return text[0].numpy()

    return Pair(lambda: gpt.generate([1], n_tokens, temperature=0), theirs, close(0), work=(n_tokens, "tokens"))


MINILM = {"vocab_size": 30522, "d_model": 384, "n_heads": 12, "n_layers": 6, "d_ff": 1536}


@case("npml-nn", group="models", peer="torch", sizes={"MiniLM-L6, 32 sentences of 6-40 tokens": dict(n=32)})
def bert_embed(n):
    """Random weights in the architecture of all-MiniLM-L6-v2; torch's encoder gets the same, padded to the longest."""
    import torch
    from torch import nn

    from npml_nn import BertEncoder

    rng = np.random.default_rng(0)
    lengths = np.sort(rng.integers(6, 41, n))
    mask = np.arange(lengths[-1]) < lengths[:, None]
    tokens = np.where(mask, rng.integers(1000, 30000, mask.shape), 0)
    encoder = BertEncoder(**MINILM, random_state=0).eval()
    module = torch_encoder(encoder, torch, nn)
    table, positions = (torch.tensor(a.copy()) for a in (encoder.tokens.W, encoder.positions + encoder.types.W[0]))
    t, m = torch.tensor(tokens), torch.tensor(mask)

    def theirs():
        with torch.inference_mode():
            x = nn.functional.layer_norm(table[t] + positions[: t.shape[1]], (384,), eps=1e-12)
            h = module(x, src_key_padding_mask=~m)
            mean = (h * m[:, :, None]).sum(dim=1) / m.sum(dim=1, keepdim=True)
            return nn.functional.normalize(mean).numpy()

    check = close(1e-3, atol=1e-4)
    return Pair(lambda: encoder.embed(tokens, mask), theirs, check, work=(n, "sentences"))


def torch_encoder(encoder, torch, nn):
    """nn.TransformerEncoder with the weights of ours."""
    layer = nn.TransformerEncoderLayer(384, 12, 1536, 0.0, "gelu", 1e-12, batch_first=True)
    module = nn.TransformerEncoder(layer, 6, enable_nested_tensor=False).eval()
    for theirs, ours in zip(module.layers, encoder.blocks):
        a = ours.attention
        arrays = {
            "self_attn.in_proj_weight": a.W.T, "self_attn.in_proj_bias": a.b,
            "self_attn.out_proj.weight": a.out.W.T, "self_attn.out_proj.bias": a.out.b,
            "linear1.weight": ours.dense1.W.T, "linear1.bias": ours.dense1.b,
            "linear2.weight": ours.dense2.W.T, "linear2.bias": ours.dense2.b,
            "norm1.weight": ours.norm1.g, "norm1.bias": ours.norm1.b,
            "norm2.weight": ours.norm2.g, "norm2.bias": ours.norm2.b,
        }  # fmt: skip
        theirs.load_state_dict({name: torch.tensor(array.copy()) for name, array in arrays.items()})
    return module
