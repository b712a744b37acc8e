"""The command `rsb`: one thin command a stage, and the verbs of users.

Exit codes: 0 done, 1 the work was done and errors were found in it, 2 it cannot be done (bad arguments, missing or
broken input). Imports that cost time stand inside the commands.
"""

import sys
from pathlib import Path

import click

from pipeline.errors import RsbError


class _Group(click.Group):
    """A group whose commands end an `RsbError` with its message and exit code 2, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except RsbError as error:
            click.echo(f"rsb: {error}", err=True)
            sys.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="rsb-dataset", prog_name="rsb")
def main() -> None:
    """Resource–Security Bargains: extract, check and release the dataset.

    \b
    Example:
      rsb run                     all stages, then a summary
      rsb read article.md         what one document says
    """


PathArgument = click.Path(path_type=Path)
