"""What is asked of a training method."""

import torch

from bench import plugins
from bench.report.words.names import MARKERS
from bench.testing._parts import all_finite, backbone, batch, expect, fitting, method, on_vectors, rng, two_updates
from methods._base import Method

TERMS = {"loss", "recon", "kl"}


def its_sweep_and_strength_are_arguments(name: str) -> None:
    """It is a `Method`; each value of its sweep is one that it takes, and so is each bound of a search."""
    plugin, known = plugins.load("method", name), list(plugins.defaults("method", name))
    is_method = isinstance(plugin, type) and issubclass(plugin, Method)
    expect(is_method, name, f"is {plugin!r}", "a subclass of methods.Method")
    expect(set(plugin.sweep) <= set(known), name, f"sweep has {list(plugin.sweep)}", f"some of its arguments, {known}")
    expect(plugin.strength in (None, *known), name, f"strength is {plugin.strength!r}", f"None, or one of {known}")
    expect(plugin.marker in ("", *MARKERS), name, f"marker is {plugin.marker!r}", f"one of {' '.join(MARKERS)}")
    for attribute in ("title", "marker"):
        stated, held = plugins.stated("method", name, attribute), getattr(plugin, attribute)
        expect(held == stated, name, f"{attribute} is {held!r}, {stated!r} in its source", "a text that stands there")
    for argument, values in plugin.sweep.items():
        for value in values:
            method(name, backbone("mlp", (12,), 3), **{argument: value})
    for argument, (low, high) in plugin.bounds.items():
        expect(argument in known, name, f"bounds has {argument}", f"an argument of its, {known}")
        expect(
            0 < low < high, name, f"bounds of {argument} are {low}, {high}", "0 < low < high: the scale is logarithmic"
        )
        for value in (low, high):
            method(name, backbone("mlp", (12,), 3), **{argument: value})


def terms_are_named_finite_scalars(name: str) -> None:
    """Among them loss, recon, kl, and what each player minimises."""
    made = on_vectors(name)
    terms = made.terms(batch((12,), 8 * made.draws), 0, rng())
    wanted = TERMS | {player.term for player in made.players}
    expect(wanted <= set(terms), name, f"terms are {sorted(terms)}", f"{sorted(wanted)} among them")
    for term, value in terms.items():
        expect(value.shape == (), name, f"term {term} has shape {tuple(value.shape)}", "a scalar")
        expect(value.isfinite(), name, f"term {term} is {value.item()} at the initial weights", "a finite number")


def terms_are_a_function_of_batch_step_and_generator(name: str) -> None:
    """The same arguments give the same terms; the global generator is not drawn from, the batch not written to."""
    made = on_vectors(name)
    x = batch((12,), 8 * made.draws)
    before, untouched = torch.get_rng_state(), x.clone()
    a, b, c = (made.terms(x, 3, rng(seed)) for seed in (0, 0, 1))
    expect(torch.equal(x, untouched), name, "terms() changes the batch that it is given", "it to be left as it is")
    differ = [term for term in a if not torch.equal(a[term], b[term])]
    expect(not differ, name, f"terms {differ} differ between two calls of equal arguments", "all chance to be rng's")
    same = torch.equal(a["recon"], c["recon"])
    expect(not same, name, "recon is the same for two generators", "z to be sampled by rng")
    drawn = not torch.equal(torch.get_rng_state(), before)
    expect(not drawn, name, "draws from torch's global generator", "all chance to be rng's")


def players_share_no_weights_and_leave_none_out(name: str) -> None:
    """Each weight is moved by one player."""
    made = on_vectors(name)
    played = [id(w) for player in made.players for w in player.module.parameters()]
    expect(len(set(played)) == len(played), name, "two players hold the same weights", "each weight in one player")
    left = [n for n, w in made.named_parameters() if id(w) not in played]
    expect(not left, name, f"no player holds {left}", "each weight in one player")


def an_update_moves_every_players_weights(name: str) -> None:
    """Over every backbone: encoder, decoder, and whatever other players there are."""
    for body in plugins.names("backbone"):
        made = method(name, backbone(body, fitting(body), 3))
        before = {n: w.detach().clone() for n, w in made.named_parameters()}
        history = two_updates(made).history
        expect(all(map(all_finite, history)), name, f"two updates over {body} give {history}", "finite numbers")
        moved = {id(w) for n, w in made.named_parameters() if not torch.equal(before[n], w)}
        parts = {"the encoder": made.backbone.encoder, "the decoder": made.backbone.decoder}
        parts |= {f"the player of {player.term}": player.module for player in made.players}
        still = [part for part, module in parts.items() if not moved & {id(w) for w in module.parameters()}]
        expect(not still, name, f"two updates over {body} leave {still} as they were", "some weights of each to move")


def the_same_seed_gives_the_same_training(name: str) -> None:
    """Twice the same updates give the same history and weights, bit for bit."""
    a, b = on_vectors(name), on_vectors(name)
    equal = two_updates(a).history == two_updates(b).history
    equal &= all(torch.equal(mine, other) for mine, other in zip(a.parameters(), b.parameters(), strict=True))
    expect(equal, name, "two trainings of one seed differ", "the same numbers, bit for bit")


def its_state_is_in_its_weights_and_buffers(name: str) -> None:
    """After an interruption a training goes on from `state_dict`; what is kept elsewhere would be lost."""
    trained, restored = on_vectors(name), on_vectors(name)
    two_updates(trained)
    restored.load_state_dict(trained.state_dict())
    x = batch((12,), 8 * trained.draws)
    a, b = (made.terms(x, 2, rng()) for made in (trained, restored))
    differ = [term for term in a if not torch.equal(a[term], b[term])]
    expect(not differ, name, f"terms {differ} differ after load_state_dict(state_dict())", "no state beside these")


def terms_leave_the_step_alone_where_they_say_so(name: str) -> None:
    """A method whose `uses_step` is False has the same terms at any update: a GPU may replay one for another."""
    made = on_vectors(name)
    x = batch((12,), 8 * made.draws)
    early, late = (made.terms(x, step, rng()) for step in (0, 10**6))
    differ = [] if made.uses_step else [term for term in early if not torch.equal(early[term], late[term])]
    expect(not differ, name, f"uses_step is False, and terms {differ} differ between updates", "uses_step = True")


CHECKS = (
    its_sweep_and_strength_are_arguments,
    terms_are_named_finite_scalars,
    terms_are_a_function_of_batch_step_and_generator,
    terms_leave_the_step_alone_where_they_say_so,
    players_share_no_weights_and_leave_none_out,
    an_update_moves_every_players_weights,
    the_same_seed_gives_the_same_training,
    its_state_is_in_its_weights_and_buffers,
)
