"""How methods, parameters and quantities are called in tables and figures, and how numbers are written there."""

import math
from typing import NamedTuple

from bench.spec import Record, Value

# In the literature's spelling; any other method is called as on the command line. New ones go last: the place in this
# table is a colour and a marker, which stay what they are in every report.
METHODS = {
    "vae": "VAE",
    "betavae": "β-VAE",
    "factorvae": "FactorVAE",
    "infovae": "InfoVAE",
    "betatcvae": "β-TCVAE",
    "annealedvae": "AnnealedVAE",
    "dipvae": "DIP-VAE",
}
# What stands beside the methods and is no setting of one: nothing is chosen among them, no front counts them.
BASELINES = {
    "chance": "chance (noise)",
    "untrained": "untrained encoder",
    "pca": "PCA",
    "ica": "ICA",
    "supervised": "supervised encoder (uses labels)",
    "ceiling": "ceiling (the factors)",
}
FAR = ("supervised", "ceiling")  # above what methods reach: their lines would flatten all else in a figure of scores
# Factors of the data sets that come with the suite, for records that do not name them.
FACTORS = {
    "dsprites": ("shape", "scale", "orientation", "posX", "posY"),
    "sprites32": ("shape", "scale", "orientation", "posX", "posY"),
}
SYMBOLS = {"alpha": "α", "beta": "β", "gamma": "γ", "lambda_": "λ", "lambda_od": "λ_od", "c_max": "C"}
ARROWS = {1: "↑", -1: "↓", 0: ""}


class Label(NamedTuple):
    """text and unit of a quantity; better: 1 if higher is better, -1 if lower is, 0 if neither is."""

    text: str
    unit: str = ""
    better: int = 1

    @property
    def head(self) -> str:
        """The head of a column: text and the direction in which it is better."""
        return f"{self.text} {ARROWS[self.better]}".rstrip()

    @property
    def axis(self) -> str:
        """The label of an axis: text, unit and the direction in which it is better."""
        unit = f" ({self.unit})" if self.unit else ""
        return f"{self.text}{unit} {ARROWS[self.better]}".rstrip()


DIAGNOSTICS = {
    "recon": Label("reconstruction", "nats per observation", -1),
    "mse": Label("squared error per element", "", -1),
    "elbo": Label("ELBO", "nats per observation", 1),
    "kl": Label("KL", "nats per observation", 0),
    "tc_sample": Label("TC of sampled codes", "nats", 0),
    "tc_mean": Label("TC of mean codes", "nats", 0),
    "mutual_information_lower": Label("I(x; z), lower bound", "nats", 0),
    "mutual_information_upper": Label("I(x; z), upper bound", "nats", 0),
    "mutual_information_se": Label("I(x; z), standard error", "nats", 0),
    "total_correlation_lower": Label("TC, lower bound", "nats", 0),
    "total_correlation_upper": Label("TC, upper bound", "nats", 0),
    "dimension_kl": Label("dimension-wise KL", "nats", 0),
    "active_units": Label("active units", "", 0),
    "clamp_hits": Label("clamp hits", "", 0),
    "grad_loss_median": Label("gradient norm, median", "", 0),
    "grad_loss_max": Label("gradient norm, greatest", "", 0),
    "grad_d_loss_median": Label("discriminator's gradient norm, median", "", 0),
    "grad_d_loss_max": Label("discriminator's gradient norm, greatest", "", 0),
}

# Tables and figures show scores in this order; those of other metrics follow in alphabetical order.
SCORES = {
    "mig": Label("MIG"),
    "dci_disentanglement": Label("DCI disentanglement"),
    "factorvae_score": Label("FactorVAE score"),
    "dci_completeness": Label("DCI completeness"),
    "dci_informativeness": Label("DCI informativeness"),
    "sap": Label("SAP"),
    "mcc_pearson": Label("MCC (Pearson)"),
    "mcc_spearman": Label("MCC (Spearman)"),
    "r2_linear": Label("R² of a linear map of all codes"),
    "r2_single": Label("R² of the best single code"),
    "r2_alignment": Label("alignment (single / linear R²)"),
    "infom": Label("InfoM"),
    "infoc": Label("InfoC"),
    "infoe": Label("InfoE"),
    "irs": Label("IRS"),
    "udr": Label("UDR"),
    "modularity": Label("modularity"),
    "explicitness": Label("explicitness"),
    "betavae_score": Label("BetaVAE score"),
}


def method_label(name: str) -> str:
    """The method's name in the literature, or else its name on the command line."""
    return METHODS.get(name.replace("_", ""), BASELINES.get(name, name))


def factor_names(record: Record, count: int) -> tuple[str, ...]:
    """What the factors of a run's data set are called, or else their numbers."""
    known = tuple(record.factors) or FACTORS.get(record.spec.dataset.name, ())
    return known if len(known) == count else tuple(f"factor {k}" for k in range(count))


def symbol(parameter: str) -> str:
    """β for beta; a parameter that is in no table keeps its name, but for an _ that keeps it off Python's words."""
    return SYMBOLS.get(parameter, parameter.removesuffix("_"))


def quantity_label(name: str, *, score: bool) -> Label:
    """The label of a score or of a diagnostic. Unknown scores are taken to be better when higher."""
    if score:
        return SCORES.get(name, Label(name.replace("_", " ")))
    whole, _, part = name.partition("_")
    if part and whole in ("recon", "mse"):  # of a part of the data set
        label = DIAGNOSTICS[whole]
        return Label(f"{label.text}, {part.replace('_', ' ')}", label.unit, label.better)
    return DIAGNOSTICS.get(name, Label(name.replace("_", " "), better=0))


def rank(name: str, order: dict[str, Label]) -> tuple[int, str]:
    """Sort key: the order of the table above, then the alphabet."""
    return (list(order).index(name) if name in order else len(order), name)


def value_text(value: Value) -> str:
    """A parameter's value as people write it: 4 for 4.0, 0.0001 for 1e-4."""
    if isinstance(value, bool | str):
        return str(value).lower() if isinstance(value, bool) else value
    return str(value) if isinstance(value, int) else f"{value:.15g}"


def value_order(value: Value) -> tuple[int, float, str]:
    """Sort key for values of mixed types: numbers by size, then text."""
    return (1, 0.0, value) if isinstance(value, str) else (0, float(value), "")


def decimals(values: list[float]) -> int:
    """Decimals that show three significant digits of the greatest value, at least one decimal and at most six."""
    greatest = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    return min(max(2 - math.floor(math.log10(greatest)), 1), 6) if greatest > 0 else 1


def interval_text(middle: float, lo: float, hi: float, digits: int) -> str:
    """`0.123 [0.101, 0.140]`; without an interval, the number alone."""
    text = f"{middle:.{digits}f}" + ("" if math.isnan(lo) else f" [{lo:.{digits}f}, {hi:.{digits}f}]")
    return text.replace("-", "−")
