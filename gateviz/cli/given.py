"""Which options a command line really names, apart from those that have their default."""

import click
from click.core import ParameterSource


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
