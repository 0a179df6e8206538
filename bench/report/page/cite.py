"""How to cite a set of results: CITATION.cff and BibTeX, made from the records alone."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from bench.store.runs import Run

AUTHORS = "The disentanglement-bench developers"


class Citation(NamedTuple):
    """What names a set of results. date: of the last run, ISO 8601, empty where no run says; hash: of the CSV files."""

    study: str
    runs: int
    done: int
    versions: tuple[str, ...]
    commits: tuple[str, ...]
    date: str
    hash: str

    @property
    def title(self) -> str:
        """`Results of the study quick: 100 runs by disentanglement-bench`."""
        return f"Results of the study {self.study}: {self.runs} runs by disentanglement-bench"

    @property
    def note(self) -> str:
        """Runs, commit and hash in a sentence."""
        commits = ", ".join(self.commits) or "unknown"
        return f"{self.runs} runs, {self.done} of them done; code at commit {commits}; sha256 of the data {self.hash}"


def citation(study: str, runs: Sequence[Run], content: str) -> Citation:
    """From the runs of a report and the hash of its CSV files."""
    records = [r.record for r in runs]
    dates = [str(r.cost["finished"]) for r in records if "finished" in r.cost]
    return Citation(
        study=study,
        runs=len(records),
        done=sum(r.status == "done" for r in records),
        versions=_stated(runs, "code_version"),
        commits=_stated(runs, "commit"),
        date=max(dates, default="")[:10],
        hash=content,
    )


def cff(c: Citation) -> str:
    """The Citation File Format, version 1.2.0, for a data set."""
    lines = [
        "cff-version: 1.2.0",
        "message: If you use these results, please cite them as below.",
        "type: dataset",
        f"title: {_quoted(c.title)}",
        "authors:",
        f"  - name: {_quoted(AUTHORS)}",
        f"abstract: {_quoted(c.note + '.')}",
        "identifiers:",
        "  - type: other",
        f"    value: {_quoted('sha256:' + c.hash)}",
        "    description: sha256sum *.csv | sha256sum",
    ]
    lines += [f"version: {_quoted(', '.join(c.versions))}"] if c.versions else []
    lines += [f"commit: {_quoted(c.commits[0])}"] if len(c.commits) == 1 else []
    lines += [f"date-released: {c.date}"] if c.date else []
    return "\n".join(lines) + "\n"


def bibtex(c: Citation) -> str:
    """An entry of type misc; its key ends in the first digits of the hash."""
    fields = {
        "author": f"{{{AUTHORS}}}",
        "title": f"{{{_plain(c.title)}}}",
        "year": c.date[:4],
        "version": ", ".join(c.versions),
        "note": _plain(c.note),
    }
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@misc{{disentanglement-bench-{_key(c.study)}-{c.hash[:8]},\n{body}}}\n"


def _stated(runs: Sequence[Run], name: str) -> tuple[str, ...]:
    """What the runs' environments say of one thing, with a mark for files that differed from their commit."""
    stated = set()
    for environment in [run.record.environment for run in runs]:
        dirty = name == "commit" and environment.get("dirty") is True
        if (value := environment.get(name)) is not None:
            stated.add(f"{value}{' with changes' if dirty else ''}")
    return tuple(sorted(stated))


def _quoted(text: str) -> str:
    """A string in double quotes, which YAML reads as JSON does."""
    return json.dumps(text, ensure_ascii=False)


def _key(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in name)


def _plain(text: str) -> str:
    """Text with what BibTeX and LaTeX would interpret escaped."""
    return "".join(f"\\{c}" if c in "&%$#_{}" else c for c in text)
