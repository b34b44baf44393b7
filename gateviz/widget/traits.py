"""The explorer's traits: what Python and the browser both can set, each checked against what is shown."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gateviz.errors import MissingExtraError, SelectionError
from gateviz.panels.wire import encode
from gateviz.widget.html import initial_state
from gateviz.widget.selection import Scene

try:
    import anywidget
    import traitlets
except ImportError as error:
    raise MissingExtraError(
        "the explorer in a notebook needs anywidget, which is not installed; pip install 'gateviz[jupyter]', "
        "or write a file with gateviz explore IMAGE -o gates.html"
    ) from error

CHOICES = ("trace", "quantities", "order", "selected_units", "columns", "view", "theme")


class ChoiceError(SelectionError, traitlets.TraitError):
    """A choice that cannot be; as a ``TraitError`` it makes traitlets keep the one before."""


class ExplorerTraits(anywidget.AnyWidget):
    """A widget that shows a scene, and can be asked for nothing that is not in it.

    Args:
        scene: what is shown.
        asked: first values of the traits in ``CHOICES``; those of a page where there is none.

    Raises:
        SelectionError: the scene has not what was asked for.
    """

    _scene: Scene

    _esm = Path(__file__).parent / "static" / "explorer.js"

    document = traitlets.Dict().tag(sync=True)
    data = traitlets.Bytes().tag(sync=True)
    trace = traitlets.Unicode().tag(sync=True)
    quantities = traitlets.List(traitlets.Unicode()).tag(sync=True)
    order = traitlets.Unicode("index").tag(sync=True)
    selected_units = traitlets.List(traitlets.Int()).tag(sync=True)
    columns = traitlets.List(traitlets.Float()).tag(sync=True)
    view = traitlets.Unicode("first").tag(sync=True)
    theme = traitlets.Unicode("auto").tag(sync=True)
    edits = traitlets.List(traitlets.Unicode()).tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    layer = traitlets.Int()
    direction = traitlets.Unicode()

    def __init__(self, scene: Scene, asked: Mapping[str, Any]) -> None:
        self._scene = scene
        wire = encode(scene.document)
        super().__init__(document=wire.header, data=wire.data, **(initial_state(scene.document) | dict(asked)))

    def _present(self, scene: Scene, edits: Sequence[str], view: str) -> None:
        """Show a scene; what was chosen and is not there any more becomes what is chosen at first."""
        self._scene = scene
        wire = encode(scene.document)
        with self.hold_sync():
            self.document, self.data = wire.header, wire.data
            for name, first in (initial_state(scene.document) | {"view": view}).items():
                if name in CHOICES and (name == "view" or not self._is_choice(name)):
                    setattr(self, name, first)
            self.edits = list(edits)

    @traitlets.validate(*CHOICES, "layer", "direction")
    def _checked(self, proposal: Any) -> Any:
        try:
            return self._scene.choices.checked(
                proposal["trait"].name, proposal["value"], trace=self.trace, layer=self.layer
            )
        except SelectionError as error:
            raise ChoiceError(str(error)) from error

    def _is_choice(self, name: str) -> bool:
        try:
            self._scene.choices.checked(name, getattr(self, name), trace=self.trace, layer=self.layer)
        except SelectionError:
            return False
        return True

    @traitlets.observe("trace")
    def _follow_trace(self, change: Any) -> None:
        """Layer and direction are those of the trace; units and order stay as far as it has them."""
        for name, first in (("selected_units", []), ("order", "index")):
            if not self._is_choice(name):
                setattr(self, name, first)
        layer, _, direction = self.trace.partition(".")
        with self.hold_trait_notifications():
            self.layer, self.direction = int(layer), direction

    @traitlets.observe("layer", "direction")
    def _follow_layer(self, change: Any) -> None:
        self.trace = self._scene.choices.of_layer(self.layer, self.direction)
