"""How to read each kind of figure, in words."""

POINTS = (
    "A point is the interquartile mean (IQM) over the seeds of one setting; the number beside it is the value of the "
    "parameter that the legend names in brackets. Bars: 95 % percentile bootstrap interval over seeds. Faint dots: "
    "seeds. Step line and filled points: the settings that no other dominates by IQM, less reconstruction loss (or KL) "
    "and higher score being better; hollow points are dominated. Of more than 15 settings only those on the front have "
    "their number. Seeds far from all points are left outside and counted; an interval that reaches them is cut off."
)
STRENGTHS = (
    "A point is the interquartile mean (IQM) over the seeds of one setting. Bars: 95 % percentile bootstrap interval "
    "over seeds. Faint dots: seeds. Dashed lines and bands: IQM and interval of methods without such a parameter; grey "
    "lines: IQM of what trains nothing."
)
FACTORS = (
    "Rows: settings; columns: factors of variation. A cell is the interquartile mean over the seeds of a setting of "
    "the score that a metric gives a factor alone, by the protocols named below; white: undefined. A mean over factors "
    "hides which of them are found."
)
MATRICES = (
    "One run of each method, at the setting chosen by the first score on the other seeds and at the same seed for all "
    "(the first that reports; no run was picked by its looks). Rows: latent dimensions by falling KL, with their "
    "number; columns: factors of variation. Entries from a fifth of the greatest on are written out. A disentangled "
    "code has one large entry in a row, and in a column."
)
TRAVERSALS = (
    "One run of each method, at the setting chosen by the first score on the other seeds and at the same seed for all "
    "(the first that reports; no run was picked by its looks), so that all start from the same observation. A row: one "
    "latent dimension moved from -2.5 to 2.5 prior standard deviations with the others at their posterior means; rows "
    "by falling KL. Beside a row: the factor that it says most about with their mutual information in nats, if that "
    "and the KL are at least 0.1, then its KL in nats."
)
UNITS = (
    "A line: the interquartile mean over the seeds of one setting of the KL of the latent dimensions, each run's in "
    "falling order. Bands: quartiles of the seeds. Dimensions near 0 are switched off: they equal the prior "
    "whatever the observation."
)
CURVES = (
    "A line: the median over the seeds of one setting of a loss term, each point the mean over the updates since the "
    "one before. Bands: quartiles of the seeds. Below them, on scales of their own, what a method adds to "
    "reconstruction and KL, before its weight (TC by the discriminator, MMD squared). Runs that diverged or failed are "
    "left out."
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
