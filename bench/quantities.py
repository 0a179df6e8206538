"""What is measured: names, units, and which direction is better."""

from typing import NamedTuple

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
    "total_correlation_lower": Label("TC, lower bound", "nats", 0),
    "total_correlation_upper": Label("TC, upper bound", "nats", 0),
    "tc_sample": Label("Gaussian TC of sampled codes", "nats", 0),
    "tc_mean": Label("Gaussian TC of mean codes", "nats", 0),
    "mutual_information_lower": Label("I(x; z), lower bound", "nats", 0),
    "mutual_information_upper": Label("I(x; z), upper bound", "nats", 0),
    "mutual_information_se": Label("I(x; z), standard error", "nats", 0),
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
    "dci_es_explicitness": Label("DCI-ES explicitness"),
    "dci_es_disentanglement": Label("DCI-ES disentanglement"),
    "dci_es_completeness": Label("DCI-ES completeness"),
    "dci_es_informativeness": Label("DCI-ES informativeness"),
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


def quantity_label(name: str, *, score: bool) -> Label:
    """The label of a score or of a diagnostic. Unknown scores are taken to be better when higher."""
    if score:
        return SCORES.get(name, Label(name.replace("_", " ")))
    whole, _, part = name.partition("_")
    if part and whole in ("recon", "mse"):  # of a part of the data set
        label = DIAGNOSTICS[whole]
        return Label(f"{label.text}, {part.replace('_', ' ')}", label.unit, label.better)
    return DIAGNOSTICS.get(name, Label(name.replace("_", " "), better=0))


class Quantity(NamedTuple):
    """What is averaged over seeds: a diagnostic (metric and protocol empty) or a value of a metric by a protocol."""

    name: str
    metric: str = ""
    protocol: str = ""

    @property
    def label(self) -> Label:
        """How tables and figures call it."""
        return quantity_label(self.name, score=bool(self.protocol))


RECON, KL = Quantity("recon"), Quantity("kl")


def fixed(value: float, digits: int) -> str:
    """A number with so many decimals; one that rounds to zero has no sign."""
    return f"{value:z.{digits}f}"
