"""A small residual network for images.

x (N, H, W, C) -> y (N, K), with w the width and n the blocks of each stage:

    stem       3 x 3 convolution to w channels, batch norm, relu           (N, H, W, w)
    stage 1    n identity blocks                                           (N, H, W, w)
    stage 2    a convolution block with stride 2, n - 1 identity blocks    (N, H/2, W/2, 2 w)
    head       mean over the image, dense                                  (N, K) logits

Reference: He et al. (2016), Deep residual learning for image recognition, section 4.2, https://arxiv.org/abs/1512.03385
(there three stages, for images of 32 x 32).
"""

import numpy as np

from npml_core import check_random_state

from ..blocks.residual import ConvResidualBlock, IdentityResidualBlock
from ..layers.avg_pool2d import GlobalAvgPool2D
from ..layers.batch_norm import BatchNorm2D
from ..layers.containers import Sequential
from ..layers.conv2d import Conv2D
from ..layers.dense import Dense
from ..layers.parameters import check_sizes

__all__ = ["ResNet"]


class ResNet(Sequential):
    """Residual network of two stages: images to logits.

    Parameters
    ----------
    c_in : int
        Channels of the images.
    n_classes : int
        Logits.
    width : int, default=16
        Channels of the first stage; the second has twice as many.
    n_blocks : int, default=2
        Residual blocks of each stage.
    dtype : {float32, float64}, default=float32
        Of parameters and results.
    random_state : None, int, Generator or RandomState
        Draws the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from npml_nn import ResNet
    >>> ResNet(1, 10, width=4, n_blocks=1, random_state=0)(np.zeros((3, 8, 8, 1))).shape
    (3, 10)
    """

    def __init__(
        self, c_in: int, n_classes: int, width: int = 16, n_blocks: int = 2, dtype=np.float32, random_state=None
    ):
        check_sizes(c_in=c_in, n_classes=n_classes, width=width, n_blocks=n_blocks)
        options = {"dtype": dtype, "random_state": check_random_state(random_state)}
        stem = Conv2D(c_in, width, 3, padding=1, bias=False, init="he_normal", **options)
        super().__init__(
            stem,
            BatchNorm2D(width, activation="relu", dtype=dtype),
            *(IdentityResidualBlock(width, **options) for _ in range(n_blocks)),
            ConvResidualBlock(width, 2 * width, stride=2, **options),
            *(IdentityResidualBlock(2 * width, **options) for _ in range(n_blocks - 1)),
            GlobalAvgPool2D(),
            Dense(2 * width, n_classes, **options),
        )
