"""The page's pictures as files of their own: drawings as SVG, images as PNG."""

import numpy as np
from numpy.typing import NDArray

from coordinator.page.confusion import draw_confusion
from coordinator.page.course import course_of
from coordinator.page.document import style
from coordinator.page.learning import charts
from coordinator.page.markup import Markup
from coordinator.page.pictures import sample_pixels, weight_pixels
from coordinator.page.subject import Subject
from coordinator.page.timeline import draw_timeline
from coordinator.page.weights import shown_neurons
from coordinator.reporting.png import png
from coordinator.reporting.sheet import sheet
from coordinator.runs.events import read_events
from shared.data.samples import LabelledSamples

_COLUMNS, _SIDE = 12, 56  # images in a row, and the pixels that they should have at least


def picture_files(subject: Subject) -> dict[str, bytes]:
    """Return the content of the files by their names: of those pictures that there are."""
    run, model = subject.run, subject.model
    drawings = {**charts(run)} if run.metrics else {}
    drawings["timeline"] = draw_timeline(course_of(read_events(run.events_file), run.metrics))
    found = subject.findings
    if found is not None:
        drawings["confusion"] = draw_confusion(found, subject.output_names)
    files = {f"{name}.svg": _standalone(drawing) for name, drawing in drawings.items() if drawing}
    if (size := subject.image_size) is None or model is None:
        return files
    first = model.parameters.weights[0]
    neurons = shown_neurons(model)
    files["weights.png"] = _sheet([weight_pixels(first[neuron], size) for neuron in neurons])
    if found is not None and found.mistakes and isinstance(subject.samples, LabelledSamples):
        images = [sample_pixels(subject.samples.images[each.row], size) for each in found.mistakes]
        files["mistakes.png"] = _sheet([_opaque(image) for image in images])
    return files


def _standalone(drawing: Markup) -> bytes:
    """Return an SVG of the page as a file, with the page's style sheet."""
    opening = '<svg xmlns="http://www.w3.org/2000/svg"'
    tag, inside = drawing.removeprefix("<svg").split(">", 1)
    return f"{opening}{tag}><style>{style()}</style>{inside}\n".encode()


def _opaque(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a grey image with colours."""
    pixels = np.repeat(image[..., None], 4, axis=2)
    pixels[..., 3] = 255
    return pixels


def _sheet(images: list[NDArray[np.uint8]]) -> bytes:
    """Return coloured images in one file, nothing between them."""
    return png(sheet(images, _COLUMNS, _SIDE, background=None))
