"""p(x|z): what a decoder's output means. Negative log-likelihoods in nats, summed over x, meant over the batch."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from torch import Tensor
from torch.nn import functional as F


class Likelihood(Protocol):
    """A family of distributions of one observation, given the decoder's parameters of it. support: in words."""

    support: ClassVar[str]

    def holds(self, x: Tensor) -> bool:
        """Whether observations x (B, ...) are in its support."""

    def nll(self, x_params: Tensor, x: Tensor) -> Tensor:
        """-log p(x|z), summed over the observation, mean over the batch; a scalar in nats."""

    def mean(self, x_params: Tensor) -> Tensor:
        """E[x|z], of the shape of x: what is shown, and what the squared error is taken from."""


@dataclass(frozen=True)
class Bernoulli:
    """x_params are logits; x in [0, 1]. On x strictly between 0 and 1 a perfect fit is the entropy of x, not 0 nats."""

    support: ClassVar[str] = "numbers from 0 to 1"

    def holds(self, x: Tensor) -> bool:
        """0 <= x <= 1."""
        return bool(((x >= 0) & (x <= 1)).all())

    def nll(self, x_params: Tensor, x: Tensor) -> Tensor:
        """sum log(1 + exp(l)) - x l, mean over the batch."""
        return F.binary_cross_entropy_with_logits(x_params, x, reduction="sum") / len(x)

    def mean(self, x_params: Tensor) -> Tensor:
        """The probability of 1."""
        return x_params.sigmoid()


@dataclass(frozen=True)
class Gaussian:
    """x_params are means, of any sign; unit variance; the constant D/2 log 2 pi is dropped."""

    support: ClassVar[str] = "finite numbers"

    def holds(self, x: Tensor) -> bool:
        """|x| < inf."""
        return bool(x.isfinite().all())

    def nll(self, x_params: Tensor, x: Tensor) -> Tensor:
        """1/2 sum (x - mean)^2, mean over the batch."""
        return 0.5 * F.mse_loss(x_params, x, reduction="sum") / len(x)

    def mean(self, x_params: Tensor) -> Tensor:
        """The mean itself."""
        return x_params


@dataclass(frozen=True)
class Categorical:
    """x_params are logits of a symbol at each place, (B, symbols, ...); x is one-hot over dimension 1."""

    support: ClassVar[str] = "symbols, one-hot over the first dimension of an observation"

    def holds(self, x: Tensor) -> bool:
        """One 1 and else 0 at each place, of at least two symbols."""
        binary = bool(((x == 0) | (x == 1)).all())
        return binary and x.ndim > 1 and x.shape[1] > 1 and bool((x.sum(dim=1) == 1).all())

    def nll(self, x_params: Tensor, x: Tensor) -> Tensor:
        """-sum x log softmax(x_params), mean over the batch."""
        return -(x * x_params.log_softmax(dim=1)).sum() / len(x)

    def mean(self, x_params: Tensor) -> Tensor:
        """The probability of each symbol."""
        return x_params.softmax(dim=1)


LIKELIHOODS: dict[str, Likelihood] = {"bernoulli": Bernoulli(), "gaussian": Gaussian(), "categorical": Categorical()}
