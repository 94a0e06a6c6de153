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


def next_token_steps(model, optimizer, module, peer_optimizer, x, y):
    """A training step of either side that returns its cross-entropy."""
    import torch
    from torch.nn import functional as F

    from npml_nn import CrossEntropy

    loss, tx, ty = CrossEntropy(), torch.tensor(x), torch.tensor(y).flatten()

    def ours():
        value, dy = loss(model(x), y)
        optimizer.zero_grad()
        model.backward(dy)
        optimizer.step()
        return value

    def theirs():
        value = F.cross_entropy(module(tx).flatten(0, 1), ty)
        peer_optimizer.zero_grad()
        value.backward()
        peer_optimizer.step()
        return value.item()

    return ours, theirs


@case("npml-nn", group="models", peer="torch", sizes=GPT_SIZES)
def gpt_step(n, length, d_model, vocab_size=65):
    import torch

    from npml_nn import GPT, AdamW

    rng = np.random.default_rng(0)
    text = rng.integers(0, vocab_size, (n, length + 1))
    x, y = text[:, :-1], text[:, 1:]
    gpt = GPT(vocab_size, length, d_model, n_heads=4, n_layers=4, random_state=0)
    module = torch_gpt(gpt)
    options = dict(lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1, eps=1e-8)
    optimizer, peer_optimizer = AdamW(gpt.parameters(), **options), torch.optim.AdamW(module.parameters(), **options)
    sides = next_token_steps(gpt, optimizer, module, peer_optimizer, x, y)
    return Pair(*sides, close(1e-4), work=(n * length, "tokens"))


@case("npml-nn", group="models", peer="torch", sizes={"LSTM 32 -> 96, 16 texts of 48 letters": dict(n=16, length=48)})
def char_lstm_step(n, length, vocab_size=65):
    import torch
    from torch import nn

    from npml_nn import LSTM, AdamW, Dense, Embedding, Sequential, from_torch

    class Module(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.lstm = nn.Embedding(vocab_size, 32), nn.LSTM(32, 96, batch_first=True)
            self.out = nn.Linear(96, vocab_size)

        def forward(self, x):
            return self.out(self.lstm(self.table(x))[0])

    text = np.random.default_rng(0).integers(0, vocab_size, (n, length + 1))
    x, y = text[:, :-1], text[:, 1:]
    model, module = Sequential(Embedding(vocab_size, 32), LSTM(32, 96), Dense(96, vocab_size)), Module()
    model.load_state_dict(from_torch(module.state_dict(), model, {"0": "table", "1": "lstm", "2": "out"}))
    optimizer, peer_optimizer = AdamW(model.parameters(), lr=1e-3), torch.optim.AdamW(module.parameters(), lr=1e-3)
    sides = next_token_steps(model, optimizer, module, peer_optimizer, x, y)
    return Pair(*sides, close(1e-4), work=(n * length, "letters"))


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


@case("npml-nn", group="models", peer="torch", sizes={"64-128-10, 1347 digits": dict(batch_size=32, units=128)})
def mlp_epoch_of_trainer(batch_size, units):
    """`Trainer.fit`, one epoch of Adam in a fresh order, and the same loop in torch."""
    import torch
    from sklearn.datasets import load_digits
    from torch import nn

    from npml_nn import MLP, Adam, Trainer

    X, y = load_digits(return_X_y=True)
    X, y = (X[:1347] / 16).astype(np.float32), y[:1347].astype(np.int64)
    model = MLP([64, units, 10], random_state=0)
    module = nn.Sequential(nn.Linear(64, units), nn.ReLU(), nn.Linear(units, 10))
    for layer, linear in ((model[0], module[0]), (model[1], module[2])):
        linear.weight.data, linear.bias.data = torch.tensor(layer.W.T.copy()), torch.tensor(layer.b.copy())
    trainer = Trainer(model, "cross_entropy", Adam(model.parameters(), lr=1e-4), random_state=0)
    optimizer, tX, ty = torch.optim.Adam(module.parameters(), lr=1e-4), torch.tensor(X), torch.tensor(y)
    order = np.random.default_rng(0)

    def ours():
        trainer.fit(X, y, epochs=1, batch_size=batch_size)
        return trainer.history["loss"][-1]

    def peer():
        total = 0.0
        for rows in torch.tensor(order.permutation(len(tX))).split(batch_size):
            loss = nn.functional.cross_entropy(module(tX[rows]), ty[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        return total / len(tX)

    return Pair(ours, peer, close(1e-4), work=(len(X), "samples"))


@case("npml-nn", group="models", peer="torch", sizes={"width 16, 1 block a stage, 32 x 8 x 8": dict(n=32, width=16)})
def resnet_step(n, width):
    """Forward, loss and backward of the small residual network."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    from npml_nn import CrossEntropy, ResNet

    model = ResNet(1, 10, width=width, n_blocks=1, random_state=0)
    stem, _, identity, shrink, _, head = model.layers
    model.input_gradient = False
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n, 8, 8, 1)).astype(np.float32), rng.integers(0, 10, n)

    def conv(layer, stride=1):
        kernel, _, c_in, c_out = layer.W.shape
        module = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False)
        module.weight.data = torch.tensor(layer.W.transpose(3, 2, 0, 1).copy())
        return module

    def branch(layer, stride):
        norms = [nn.BatchNorm2d(layer[0].W.shape[3]) for _ in range(2)]
        return nn.Sequential(conv(layer[0], stride), norms[0], nn.ReLU(), conv(layer[2]), norms[1])

    parts = nn.ModuleList(
        [
            nn.Sequential(conv(stem), nn.BatchNorm2d(width), nn.ReLU()),
            branch(identity.layer, 1),
            branch(shrink.layer, 2),
            nn.Sequential(conv(shrink.shortcut[0], 2), nn.BatchNorm2d(2 * width)),
            nn.Linear(2 * width, 10),
        ]
    )
    parts[4].weight.data, parts[4].bias.data = torch.tensor(head.W.T.copy()), torch.tensor(head.b.copy())
    loss, tX, ty = CrossEntropy(), torch.tensor(X.transpose(0, 3, 1, 2).copy()), torch.tensor(y)

    def ours():
        value, dy = loss(model(X), y)
        model.zero_grad()
        model.backward(dy)
        return value, head.grads["W"]

    def peer():
        parts.zero_grad()
        x = parts[0](tX)
        x = F.relu(x + parts[1](x))
        x = F.relu(parts[3](x) + parts[2](x))
        value = F.cross_entropy(parts[4](x.mean(dim=(2, 3))), ty)
        value.backward()
        return value.item(), parts[4].weight.grad.numpy().T

    return ours, peer, close(1e-3, atol=1e-4)
