"""What several commands share. Beside click only light modules are imported here, for ``--help`` is to be quick.

The library's own lists bring numpy or matplotlib with them, so the choices are written out; a test
keeps them equal to the library's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import click
from click.core import ParameterSource

from gateviz.adapters.core.options import NOTHING_SAID, SPELLINGS, Holds, LoadOptions
from gateviz.cli.edits import EditRequest, parse_edit
from gateviz.cli.looks import look_at_alphabet, look_at_factory, look_at_lines, look_at_models
from gateviz.cli.paths import Reads, ReadsWords
from gateviz.cli.selection import DIRECTIONS, QUANTITIES, parse_units

if TYPE_CHECKING:
    from gateviz.capture.recognizer import Recognizer

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_MAX_PIXELS = 25_000_000
LARGEST_MAX_PIXELS = 178_956_970
Engine = Literal["auto", "torch", "onnx"]


@dataclass(frozen=True)
class ModelChoice:
    """The model as the options name it.

    Attributes:
        checkpoint: the file; None for the default.
        options: what is said of it.
    """

    checkpoint: Path | None
    options: LoadOptions = NOTHING_SAID

    def loaded(self) -> "Recognizer":
        """The recognizer.

        Raises:
            CheckpointError: it cannot be built.
            AlphabetError: the alphabet does not go with it.
        """
        from gateviz.api import load

        return load(self.checkpoint, **{name: getattr(self.options, name) for name in SPELLINGS})


@dataclass(frozen=True)
class Reading:
    """How line images are read.

    Attributes:
        model: what reads them.
        edits: changes of the run.
        invert: as ``--invert`` has it.
        deskew: as ``--deskew`` has it.
        clahe: as ``--clahe`` has it.
        crop: as ``--crop`` and ``--no-crop`` have it; None for what the model was made for.
        max_pixels: limit of an image's size.
        engine: as ``--engine`` has it.
    """

    model: ModelChoice
    edits: tuple[EditRequest, ...] = ()
    invert: bool = False
    deskew: bool = False
    clahe: bool = False
    crop: bool | None = None
    max_pixels: int = DEFAULT_MAX_PIXELS
    engine: Engine = "auto"


@dataclass
class Session:
    """What holds for one run of the program.

    Attributes:
        debug: show the traceback of an error.
    """

    debug: bool = False


def _set_debug(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Session).debug = True


debug_option = click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_set_debug,
    help="Show the traceback of an error.",
)
images_argument = click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=Reads(look_at_lines))
model_option = click.option(
    "-m",
    "--model",
    metavar="CHECKPOINT",
    type=Reads(look_at_models),
    help="A recognizer of any known lineage; without it, the one that comes with gateviz.",
)


def _numbers(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    """``0.5`` or ``0.485,0.456,0.406`` as numbers."""
    if value is None:
        return None
    try:
        return tuple(float(number) for number in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no number; give one, or one a channel such as 0.5,0.4,0.4") from error


def _whole(ctx: click.Context, parameter: click.Parameter, value: str | int | None) -> int | None:
    return None if value is None else int(value)


# Words of an option that name files which will be read.
_NAMES_FILES = {"alphabet": ReadsWords(look_at_alphabet), "factory": ReadsWords(look_at_factory)}


def _declared(name: str) -> Callable[[Any], Any]:
    """The option for one of what ``LoadOptions`` holds."""
    spelling = SPELLINGS[name]
    option = f"--{name.replace('_', '-')}"
    bounds: dict[str, Any] = {"metavar": spelling.metavar, "help": spelling.help}
    if spelling.holds is Holds.FLAG:
        return click.option(option, is_flag=True, **bounds)
    if spelling.holds is Holds.NUMBERS:
        return click.option(option, callback=_numbers, **bounds)
    kind: Any = _NAMES_FILES.get(name)
    if spelling.choices:
        kind = click.Choice([str(choice) for choice in spelling.choices])
    elif spelling.holds is Holds.WHOLE:
        kind = int if spelling.least is None else click.IntRange(spelling.least)
    return click.option(option, type=kind, callback=_whole if spelling.holds is Holds.WHOLE else None, **bounds)


DECLARED = tuple(name for name, spelling in SPELLINGS.items() if spelling.help)
"""What can be declared of a checkpoint on the command line."""

invert_option = click.option("--invert", is_flag=True, help="The text is light on dark ground.")
deskew_option = click.option("--deskew", is_flag=True, help="Turn a line level first that slopes a little.")
crop_option = click.option(
    "--crop/--no-crop", default=None,
    help="Cut loosely cropped lines to their ink, or leave them.  [default: what the model was made for]",
)  # fmt: skip
clahe_option = click.option("--clahe", is_flag=True, help="Equalize the contrast first.")
max_pixels_option = click.option(
    "--max-pixels",
    type=click.IntRange(1, LARGEST_MAX_PIXELS),
    default=DEFAULT_MAX_PIXELS,
    show_default=True,
    help="Refuse larger images.",
)
engine_option = click.option(
    "--engine",
    type=click.Choice(get_args(Engine)),
    default="auto",
    show_default=True,
    help="What runs the network; auto takes ONNX Runtime where the model has a graph and no --edit is given, else torch.",
)
edit_option = click.option(
    "--edit", "edits", metavar="EDIT", multiple=True, type=parse_edit, help="Change the run; see below."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
layer_option = click.option(
    "--layer", "layers", metavar="N", type=click.IntRange(0), multiple=True, help="This layer only (again for more)."
)
quantity_option = click.option(
    "-q",
    "--quantity",
    "quantities",
    metavar="QUANTITY",
    type=click.Choice(QUANTITIES),
    multiple=True,
    help=f"This quantity only (again for more): {', '.join(QUANTITIES)}.",
)
direction_option = click.option(
    "--direction", "directions", type=click.Choice(DIRECTIONS), multiple=True, help="This direction only."
)
units_option = click.option(
    "--units", metavar="UNITS", type=parse_units, help="These units only, such as 3,5 or 0-15,20 (both ends included)."
)


def model_options(command: Command) -> Command:
    """The options that choose a model; they reach the command as one ``ModelChoice``, ``model``."""
    return _choosing(command, model_option)


def described_options(command: Command) -> Command:
    """Those of ``model_options`` without ``--model``, for a command whose argument ``file`` is the checkpoint."""
    return _choosing(command)


def _choosing(command: Command, *first: Callable[[Any], Any]) -> Command:
    @wraps(command)
    def with_model(*arguments: Any, **given: Any) -> Any:
        options = LoadOptions(**{name: given.pop(name) for name in DECLARED})
        given["model"] = ModelChoice(given.pop("model" if first else "file"), options)
        return command(*arguments, **given)

    wrapped: Any = with_model
    for option in reversed((*first, *map(_declared, DECLARED))):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]


def reading_options(command: Command) -> Command:
    """The options of every command that reads line images; they reach the command as one ``Reading``."""

    @wraps(command)
    def with_reading(
        *arguments: Any,
        model: ModelChoice,
        edits: tuple[EditRequest, ...],
        invert: bool,
        deskew: bool,
        clahe: bool,
        crop: bool | None,
        max_pixels: int,
        engine: Engine,
        **rest: Any,
    ) -> Any:
        return command(
            *arguments,
            reading=Reading(
                model,
                edits,
                invert=invert,
                deskew=deskew,
                clahe=clahe,
                crop=crop,
                max_pixels=max_pixels,
                engine=engine,
            ),
            **rest,
        )

    wrapped: Any = with_reading
    for option in (
        debug_option, max_pixels_option, engine_option, edit_option, crop_option, clahe_option, deskew_option, invert_option,
    ):  # fmt: skip
        wrapped = option(wrapped)
    return model_options(wrapped)  # type: ignore[no-any-return]


def none_if_empty(choice: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """An option that was not given chooses all."""
    return choice or None


def given_options(ctx: click.Context) -> dict[str, str]:
    """What the command line names: the parameters' own names, each with the word that a person writes.

    Example:
        >>> import click
        >>> @click.command()
        ... @click.argument("lines", nargs=-1)
        ... @click.option("-s", "--from", "start")
        ... @click.option("--seed", default=0)
        ... @click.pass_context
        ... def command(ctx, **told):
        ...     click.echo(given_options(ctx))
        >>> command(["a", "-s", "b"], standalone_mode=False)
        {'lines': 'LINES', 'start': '--from'}
    """
    return {
        name: _word(parameter)
        for parameter in ctx.command.params
        if (name := parameter.name) and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }


def _word(parameter: click.Parameter) -> str:
    return max(parameter.opts, key=len) if isinstance(parameter, click.Option) else (parameter.name or "").upper()
