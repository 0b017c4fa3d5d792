"""The section about where a run comes from, and how to compute it again."""

import json
import shlex
from typing import Any

from coordinator.page.markup import Markup, element, joined
from coordinator.page.parts import folded, section, words
from coordinator.page.text import from_here
from coordinator.runs import published
from coordinator.runs.run import RunFolder


def origin_section(run: RunFolder) -> Markup:
    """Return the section."""
    config = run.config
    last = run.metrics[-1].weights_sha256 if run.metrics else ""
    pairs: list[tuple[object, object]] = []
    if last:
        told = published.compare(run) if run.is_finished else ""
        fingerprint = element("span", last, class_="mono")
        pairs.append(("fingerprint", joined([fingerprint, element("br"), told]) if told else fingerprint))
    pairs += [("data", run.data.get("path", "")), *_digests(run)]
    for place in run.places:
        where = place.environment
        versions = f"GradMQ {where.gradmq}, Python {where.python}, NumPy {where.numpy}"
        kernels = f"{where.kernels}; fixed problem {place.kernels.short}"
        lines = (where.processor, versions, where.platform, kernels)
        pairs.append(("computed on", _lines(lines)))
    sure = (
        "Any machine gives these bits, with any number of workers."
        if config.any_order
        else "Machines whose kernels round alike give these bits."
    )
    file = shlex.quote(str(from_here(run.folder)))
    options = ["--data", run.data.get("path", ""), *_options(run.data_options.to_json())]
    commands = f"gradmq train --config {file}/config.json {shlex.join(options)}\ngradmq verify {file}"
    settings = json.dumps(config.to_json(), indent=2, ensure_ascii=False)
    return section(
        *("origin", "Where it comes from", sure),
        words(pairs),
        element("h3", "To train it again, and to have every epoch recomputed and compared", class_="later"),
        element("pre", element("code", commands)),
        folded("The whole configuration", element("pre", element("code", settings))),
    )


def _options(given: dict[str, Any]) -> list[str]:
    """Return the options of `train` that stand for how data were read."""
    found = []
    for field, value in given.items():
        name = field.replace("_", "-")
        if isinstance(value, bool):
            found.append(f"--{name}" if value else f"--no-{name}")
        else:
            found += [f"--{name}", ",".join(map(str, value)) if isinstance(value, list) else str(value)]
    return found


def _digests(run: RunFolder) -> list[tuple[object, object]]:
    names = ("training", "validation", "test")
    found = [(f"{name} samples", run.data.get(f"{name}_sha256", "")) for name in names]
    return [(name, element("span", digest, class_="mono")) for name, digest in found if digest]


def _lines(lines: tuple[str, ...]) -> Markup:
    return joined(element("div", line) for line in lines)
