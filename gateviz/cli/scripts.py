"""The scripts of synthetic lines, as options name them."""

import math

import click

SCRIPTS = ("latin", "chinese", "mixed", "number", "uniform")


def script_weights(ctx: click.Context, parameter: click.Parameter, value: str | None) -> dict[str, float]:
    """``latin=1,chinese=3`` as weights; empty where nothing was said.

    Raises:
        click.BadParameter: a script that there is not, or a weight that is no positive number.
    """
    weights: dict[str, float] = {}
    for part in (value or "").split(",") if value else ():
        name, _, spelled = part.strip().partition("=")
        try:
            weight = float(spelled or 1)
        except ValueError as error:
            raise click.BadParameter(f"{part!r} is no script with a weight, such as latin=2") from error
        if name not in SCRIPTS or not (weight > 0 and math.isfinite(weight)):
            raise click.BadParameter(f"{part!r}: the scripts are {', '.join(SCRIPTS)}, with weights above 0")
        weights[name] = weight
    return weights
