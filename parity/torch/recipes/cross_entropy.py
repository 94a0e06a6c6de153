"""Cross-entropy with classes (one ignored) and probabilities, with and without label smoothing."""

import torch


def record():
    torch.manual_seed(0)
    z = 2 * torch.randn(7, 5, dtype=torch.float64)
    t = torch.tensor([0, 2, 4, 1, 2, 3, 0])
    q = torch.softmax(torch.randn(7, 5, dtype=torch.float64), 1)
    answers = {"z": z.numpy(), "t": t.numpy(), "q": q.numpy()}
    for i, (smoothing, targets) in enumerate([(0.0, t), (0.1, t), (0.0, q), (0.3, q)]):
        leaf = z.clone().requires_grad_()
        options = {"ignore_index": 2} if targets is t else {}
        value = torch.nn.functional.cross_entropy(leaf, targets, label_smoothing=smoothing, **options)
        value.backward()
        answers[f"value{i}"], answers[f"dz{i}"] = value.detach().numpy(), leaf.grad.numpy()
    return answers
