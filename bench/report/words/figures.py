"""How to read each figure of a report: what its lines, points and marks are."""

CHOSEN = "Filled: the setting that was chosen for this score on the selection seeds; the others are hollow."
SEEDS = (
    "Faint dots: seeds; crosses: seeds that collapsed (no active unit). Seeds beyond an axis stand at its end, where "
    "intervals are cut off. Settings most of whose seeds collapsed are large crosses, on no line and on no front."
)
REFERENCES = (
    "Grey lines: the VAE and other methods of one setting, PCA, and the supervised encoder, which is given the labels; "
    "one far above the scores is named at the edge with its value."
)
INTERVALS = "interquartile mean (IQM) over the seeds of one setting, bars the 95 % percentile bootstrap interval"
POINTS = (
    f"A point: the {INTERVALS}. A coloured line joins a method's settings in the order of their strength; the markers "
    "grow with it. Step line: the front, the settings that no other dominates by IQM, less reconstruction loss (or "
    f"KL) and higher score being better. {{chosen}}{SEEDS} {REFERENCES} Arrows point to better. Of more than four "
    "methods, each has a panel with the others in grey behind it."
)
STRENGTHS = f"A point: the {INTERVALS}, against the strength of the method. {{chosen}}{SEEDS} {REFERENCES}"
TC = (
    "The bounds of the total correlation (TC) enclose it, the band is what they leave open. The Gaussian TC is that of "
    "a normal distribution with the covariance of the codes: it misses every other dependence and may read a tenth of "
    "the lower bound. Axes are logarithmic and end at 0.001 nats at the least."
)
FACTORS = (
    "Rows: settings; columns: factors of variation. A cell is the interquartile mean over the seeds of a setting of "
    "the score that a metric gives a factor alone, by the protocols named below; white: undefined. A mean over factors "
    "hides which of them are found."
)
PICKED = (
    "One run of each method, at the setting chosen by the first score on the other seeds and at the same seed for all "
    "(the first that reports; no run was picked by its looks)"
)
MATRICES = (
    f"{PICKED}. Rows: latent dimensions by falling KL, with their number; columns: factors of variation. Entries from "
    "a fifth of the greatest on are written out. A disentangled code has one large entry in a row, and in a column."
)
TRAVERSALS = (
    f"{PICKED}, so that all start from the same observation. A row: one latent dimension moved over the prior standard "
    "deviations above it, with the others at their posterior means; rows by falling KL, those below 0.1 nats are "
    "counted. Left of a row: the factor that it says most about with their mutual information in nats, if that is at "
    "least 0.1; right: its KL in nats."
)
UNITS = (
    "A line: the interquartile mean over the seeds of one setting of the KL of the latent dimensions, each run's in "
    "falling order. Bands: quartiles of the seeds. Dimensions near 0 are switched off: they equal the prior "
    "whatever the observation."
)
MEDIANS = (
    "A line: the median over the seeds of one setting, each point the mean over the updates since the one before. "
    "Bands: quartiles of the seeds. Runs that diverged or failed are left out."
)
CURVES = f"Loss terms by update. {MEDIANS}"
PENALTIES = (
    "What a method adds to reconstruction and KL, before its weight, by update, each on a scale of its own: MMD "
    "squared, and TC by the method's own estimate, on a logarithmic axis that ends at 0.001 nats "
    f"(FactorVAE's discriminator estimates far too little: read the bounds). {MEDIANS}"
)
SCORE_CURVES = (
    "A line: the median over the seeds of one setting of a score of the codes at that update, on the rows and by the "
    "random numbers of the final score. Bands: quartiles of the seeds. Runs that diverged or failed are left out."
)
ACTIVE = (
    "A line: the median over the seeds of one setting of the number of latent dimensions whose posterior mean varies "
    "(variance above 0.01), on the first 1,000 evaluation rows, read off the training at each logged update. Bands: "
    "quartiles of the seeds. A training that collapses falls to 0. Runs that diverged or failed are left out."
)
KL_CURVES = (
    "A panel: one setting. A line: the median over its seeds of the KL of one latent dimension, the greatest first at "
    "each update (the second line is of each run's second greatest, whichever dimension that is), on the first 1,000 "
    "evaluation rows. Bands: quartiles of the seeds. A line that falls to 0 is a dimension that was switched off; all "
    "lines at 0 are a collapse. The axes end at the greatest KL after the first quarter of the updates: what is higher "
    "before is cut off. Runs that diverged or failed are left out."
)
LOST = (
    "A bar: runs of one setting that diverged (a loss that is not finite), failed (an error) or collapsed (done, but "
    "without an active unit). The axis ends at the number of runs of a setting."
)
AGREEMENT = (
    "Spearman's rank correlation over all runs of all methods, and below it its 95 % percentile bootstrap interval "
    "with seeds drawn within settings. Where two metrics do not agree, a ranking of methods is a statement about one."
)
