import pytest
import torch
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import Categorical as TorchCategorical
from torch.distributions import Normal

from methods._likelihood import LIKELIHOODS


@pytest.fixture
def decoded():
    rng = torch.Generator().manual_seed(0)
    x_params = 3 * torch.randn(6, 2, 4, 4, generator=rng)
    return x_params, torch.rand(6, 2, 4, 4, generator=rng)


def test_bernoulli_is_that_of_torch_distributions(decoded):
    logits, x = decoded
    binary = x.round()
    expected = -TorchBernoulli(logits=logits).log_prob(binary).sum(dim=(1, 2, 3)).mean()
    torch.testing.assert_close(LIKELIHOODS["bernoulli"].nll(logits, binary), expected)


def test_bernoulli_on_grey_is_the_cross_entropy_and_least_at_its_entropy(decoded):
    logits, x = decoded
    bernoulli = LIKELIHOODS["bernoulli"]
    p = logits.sigmoid().double()
    expected = -(x * p.log() + (1 - x) * (1 - p).log()).sum() / len(x)
    assert bernoulli.nll(logits, x).item() == pytest.approx(expected.item(), rel=1e-5)
    entropy = TorchBernoulli(probs=x).entropy().sum() / len(x)
    torch.testing.assert_close(bernoulli.nll(x.logit(), x), entropy)
    assert entropy > 0


def test_gaussian_is_half_the_squared_error_and_that_of_torch_distributions_but_for_a_constant(decoded):
    mean, x = decoded
    nll = LIKELIHOODS["gaussian"].nll(mean, x)
    torch.testing.assert_close(nll, 0.5 * ((x - mean) ** 2).sum() / len(x))
    log_prob = Normal(mean, 1.0).log_prob(x).sum(dim=(1, 2, 3)).mean()
    constant = x[0].numel() / 2 * torch.tensor(2 * torch.pi).log()
    torch.testing.assert_close(nll, -log_prob - constant)


def test_categorical_is_that_of_torch_distributions_at_each_place(decoded):
    logits = decoded[0]
    symbol = torch.randint(2, (6, 4, 4), generator=torch.Generator().manual_seed(1))
    x = torch.nn.functional.one_hot(symbol, 2).movedim(-1, 1).float()
    expected = -TorchCategorical(logits=logits.movedim(1, -1)).log_prob(symbol).sum(dim=(1, 2)).mean()
    torch.testing.assert_close(LIKELIHOODS["categorical"].nll(logits, x), expected)
    torch.testing.assert_close(LIKELIHOODS["categorical"].mean(logits).sum(dim=1), torch.ones(6, 4, 4))


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_nll_is_the_mean_over_the_batch(name, decoded):
    x_params, x = decoded
    each = [LIKELIHOODS[name].nll(x_params[i : i + 1], x[i : i + 1]) for i in range(len(x))]
    torch.testing.assert_close(LIKELIHOODS[name].nll(x_params, x), torch.stack(each).mean())


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_mean_is_where_the_gradient_of_the_nll_vanishes(name, decoded):
    x_params = decoded[0].requires_grad_()
    likelihood = LIKELIHOODS[name]
    (gradient,) = torch.autograd.grad(likelihood.nll(x_params, likelihood.mean(x_params).detach()), x_params)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), rtol=0, atol=1e-6)


@pytest.mark.parametrize("logit", [-1e4, 1e4])
def test_bernoulli_of_extreme_logits_is_finite(logit):
    nll = LIKELIHOODS["bernoulli"].nll(torch.full((1, 1), logit), torch.tensor([[0.5]]))
    assert nll.item() == pytest.approx(5e3)


@pytest.mark.parametrize(
    ("x", "bernoulli", "categorical"),
    [
        ([[[0.0, 1.0], [1.0, 0.0]]], True, True),
        ([[[0.0, 1.0], [1.0, 1.0]]], True, False),
        ([[[0.0, 0.5], [1.0, 0.5]]], True, False),
        ([[[0.0, 1.0]]], True, False),
        ([[[1.0, 1.0]]], True, False),  # one symbol alone
        ([[[0.0, 2.0], [1.0, -1.0]]], False, False),
        ([0.0, 1.0], True, False),
    ],
)
def test_what_each_likelihood_holds(x, bernoulli, categorical):
    x = torch.tensor(x)
    held = {name: likelihood.holds(x) for name, likelihood in LIKELIHOODS.items()}
    assert held == {"bernoulli": bernoulli, "gaussian": True, "categorical": categorical}


@pytest.mark.parametrize("name", LIKELIHOODS)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_likelihood_holds_what_is_not_finite(name, value):
    assert not LIKELIHOODS[name].holds(torch.tensor([[[value], [1.0]]]))
