"""Two sets of runs of the same settings: are their numbers the same, or as alike as two draws of seeds?"""
