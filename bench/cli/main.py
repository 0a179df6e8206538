"""The person at the terminal: arguments in, lines out. Heavy imports wait until a command needs them."""

import click

from bench.cli.data import data
from bench.cli.listing import list_
from bench.cli.plan import plan, status
from bench.cli.results import baselines, merge, pictures, report, verify
from bench.cli.run import run
from bench.cli.score import calibrate, score
from bench.cli.search import search

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=HELP)
def bench() -> None:
    """Train and compare VAE, beta-VAE, FactorVAE and InfoVAE as learners of disentangled representations."""


bench.add_command(plan)
bench.add_command(run)
bench.add_command(status)
bench.add_command(search)
bench.add_command(score)
bench.add_command(calibrate)
bench.add_command(baselines)
bench.add_command(verify)
bench.add_command(merge)
bench.add_command(pictures)
bench.add_command(report)
bench.add_command(data)
bench.add_command(list_)
