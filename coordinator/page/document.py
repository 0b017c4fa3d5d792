"""The whole page."""

from importlib.resources import files

from coordinator.page.course import course_of
from coordinator.page.learning import learning_section
from coordinator.page.looked import Looked
from coordinator.page.markup import Markup, element
from coordinator.page.mistakes import mistakes_section
from coordinator.page.origin import origin_section
from coordinator.page.participants import participants, told
from coordinator.page.predictions import outputs_of, predictions_section
from coordinator.page.subject import Subject
from coordinator.page.tiles import tiles
from coordinator.page.weights import weights_section
from coordinator.page.work import work_section
from coordinator.runs.events import read_events
from coordinator.runs.run import RunFolder
from shared.data.samples import VectorSamples
from shared.model import SavedModel


def style() -> str:
    """Return the page's style sheet."""
    return files("coordinator.page").joinpath("style.css").read_text()


def page(subject: Subject) -> str:
    """Return the page: HTML that needs no other file and no script."""
    run = subject.run
    events = read_events(run.events_file)
    course = course_of(events, run.metrics)
    most = max((metrics.workers for metrics in run.metrics), default=0)
    workers = told(participants(course, run.ledger), most)
    work = work_section(course, run.ledger, workers) if run.metrics or events else Markup("")
    sections = _sections(subject, work)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"Run {run.id}"),
        element("style", Markup(style())),
    )
    links = [element("a", title, href=f"#{name}") for name, title, _ in sections]
    header = element(
        "header",
        element("p", "GradMQ run", class_="eyebrow"),
        element("h1", run.id),
        element("p", _what(run), class_="lead"),
        element("nav", *links),
        tiles(run, workers),
    )
    footer = element("footer", element("p", "Made by gradmq report."))
    body = element("body", header, element("main", *(content for _, _, content in sections)), footer)
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _sections(subject: Subject, work: Markup) -> list[tuple[str, str, Markup]]:
    """Return name, title and content of the sections that there are.  work: that about who computed it."""
    run, found = subject.run, list[tuple[str, str, Markup]]()
    if run.metrics:
        found.append(("learning", "Learning", learning_section(run)))
    if subject.model is not None:
        found += _of_model(subject, subject.model)
    if work:
        found.append(("work", "Who computed it", work))
    found.append(("origin", "Where it comes from", origin_section(run)))
    return found


def _of_model(subject: Subject, model: SavedModel) -> list[tuple[str, str, Markup]]:
    found = [("mistakes", "What it gets wrong", _mistakes(subject, model))]
    if content := weights_section(model, subject.image_size, subject.input_names):
        found.append(("weights", "First layer", content))
    return found


def _mistakes(subject: Subject, model: SavedModel) -> Markup:
    samples, which = subject.samples, subject.which_model
    if samples is None:
        why_not = subject.why_no_data or "There are no samples but those that it has learned from."
        note = element("p", why_not, class_="note")
        return element("section", element("h2", "What it gets wrong"), note, id="mistakes")
    looked = Looked(samples, subject.part, subject.output_names, subject.image_size)
    if isinstance(samples, VectorSamples):
        wanted, predicted = subject.undone(samples.targets), subject.undone(outputs_of(model, samples))
        return predictions_section(wanted, predicted, looked, which)
    found = subject.findings
    assert found is not None
    return mistakes_section(found, looked, which)


def _what(run: RunFolder) -> str:
    """Return a run in a sentence."""
    config = run.config
    return (
        f"{config.neurons}, {config.numbers}, mini-batches of {config.mini_batch_size}, {config.learning}, "
        f"seed {config.seed}, {config.strategy}."
    )
