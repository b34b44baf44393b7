"""The program: finds the command, and turns every error into one line and an exit status."""

import difflib
import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import click

from gateviz.cli.options import Session, debug_option
from gateviz.cli.terminal import ReaderGone, prepare_streams, say
from gateviz.errors import GatevizError, GatevizWarning
from gateviz.files.inputs import keeping_inputs
from gateviz.files.printable import one_line

COMMANDS = (
    "demo", "sample", "plot", "explore", "record", "read", "align", "info", "export", "synth", "train", "prune",
    "watch", "eval", "ablate", "measure", "context", "claims", "compare",
)  # fmt: skip

STUDIES = ("eval", "ablate", "measure", "context", "claims", "compare")
"""Those of which a command stands with its study."""

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141
"""128 + SIGPIPE, as a shell has it."""


def home_of(name: str) -> str:
    """The module of a command."""
    return f"gateviz.studies.{name}.command" if name in STUDIES else f"gateviz.cli.{name}"


class Program(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, the main one first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(home_of(cmd_name)).command
        assert isinstance(command, click.Command)
        return command

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run a command line and leave the process: 0 well, 1 an error, 2 a wrong command line, 130 interrupted."""
        session = Session()
        prepare_streams()
        try:
            with keeping_inputs(), _warnings_said():
                status = super().main(args, prog_name, complete_var, standalone_mode=False, obj=session, **extra)
        except click.exceptions.Abort:
            _tell("interrupted; nothing was left half-written")
            sys.exit(EXIT_INTERRUPTED)
        except ReaderGone:
            _leave_quietly()
        except click.ClickException as error:
            usage = (
                f"; see {error.ctx.command_path} --help" if isinstance(error, click.UsageError) and error.ctx else ""
            )
            _tell(f"error: {error.format_message().rstrip('.')}{usage}")
            sys.exit(EXIT_USAGE if isinstance(error, click.UsageError) else EXIT_ERROR)
        except (GatevizError, MemoryError) as error:
            if session.debug:
                traceback.print_exception(error)
            _tell(f"error: {error if str(error) else 'the memory does not suffice for this'}")
            sys.exit(EXIT_ERROR)
        except Exception as error:
            if session.debug:
                raise
            _tell(_unforeseen(error))
            sys.exit(EXIT_ERROR)
        sys.exit(status if isinstance(status, int) else 0)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names.

        Raises:
            click.UsageError: there is none; says which was meant, as far as that can be told.
        """
        word = args[0]
        if word in COMMANDS or word.startswith("-"):
            return super().resolve_command(ctx, args)
        near = difflib.get_close_matches(word, COMMANDS, n=1, cutoff=0.5)
        known = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(COMMANDS)}"
        raise click.UsageError(f"No such command {word!r}; {known}", ctx=ctx)


@contextmanager
def _warnings_said() -> Iterator[None]:
    """Say gateviz's own warnings as one line each, every line once."""
    with warnings.catch_warnings():
        warnings.simplefilter("default", GatevizWarning)
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, GatevizWarning):
                _tell(str(message))
            else:
                shown(message, category, *where, **more)

        warnings.showwarning = show
        yield


def _tell(words: str) -> None:
    say(f"gateviz: {one_line(words)}", err=True)


def _unforeseen(error: Exception) -> str:
    """What is said of a fault of the program's own: what it was, where, and what to do."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "gateviz" in Path(frame.filename).parts]
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    said = f": {error}" if str(error) else ""
    return (
        f"error: {type(error).__name__}{where}{said}; this is a fault of gateviz, please report it with what the same "
        f"command says with --debug"
    )


def _leave_quietly() -> NoReturn:
    """Nobody reads what is printed any more: end as a program does that the system ends for that."""
    # Python would flush the stream once more on its way out, and complain.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(EXIT_PIPE)


@click.command(cls=Program, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(package_name="gateviz", prog_name="gateviz")
@debug_option
@click.pass_context
def main(ctx: click.Context) -> None:
    """See what the LSTM gates of a text recognizer do, under the very pixels they look at.

    \b
    Example:
      gateviz plot line.png --model crnn.pth -o gates.pdf
    """  # noqa: D301  (click reads the backspace)
    if ctx.invoked_subcommand is None:
        say(ctx.get_help())
