"""The program: finds the command, and turns every error into one line and an exit status."""

import importlib
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from gateviz.cli.options import Session, debug_option
from gateviz.errors import GatevizError, GatevizWarning

COMMANDS = (
    "plot", "explore", "record", "read", "align", "info", "synth", "train", "watch",
    "eval", "ablate", "measure", "context", "claims", "compare",
)  # fmt: skip

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class Program(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, the main one first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"gateviz.cli.{cmd_name}").command
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
        try:
            with _warnings_said():
                status = super().main(args, prog_name, complete_var, standalone_mode=False, obj=session, **extra)
        except click.exceptions.Abort:
            _say("interrupted; nothing was left half-written")
            sys.exit(EXIT_INTERRUPTED)
        except click.ClickException as error:
            usage = (
                f"; see {error.ctx.command_path} --help" if isinstance(error, click.UsageError) and error.ctx else ""
            )
            _say(f"error: {error.format_message().rstrip('.')}{usage}")
            sys.exit(EXIT_USAGE if isinstance(error, click.UsageError) else EXIT_ERROR)
        except GatevizError as error:
            if session.debug:
                traceback.print_exception(error)
            _say(f"error: {error}")
            sys.exit(EXIT_ERROR)
        sys.exit(status if isinstance(status, int) else 0)


@contextmanager
def _warnings_said() -> Iterator[None]:
    """Say gateviz's own warnings as one line each, every line once."""
    with warnings.catch_warnings():
        warnings.simplefilter("default", GatevizWarning)
        shown = warnings.showwarning

        def say(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, GatevizWarning):
                _say(str(message))
            else:
                shown(message, category, *where, **more)

        warnings.showwarning = say
        yield


def _say(words: str) -> None:
    click.echo(f"gateviz: {' '.join(words.splitlines())}", err=True)


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
        click.echo(ctx.get_help())
