"""The command `rsb`: one thin command a stage, and the verbs of users.

Exit codes: 0 done, 1 the work was done and errors were found in it, 2 it cannot be done (bad arguments, missing or
broken input, a defect of ours). Imports that cost time stand inside the commands.
"""

import errno
import io
import os
import sys
from pathlib import Path

import click

from pipeline.errors import RsbError, defect


class _Group(click.Group):
    """A group whose commands end with a message and exit code 2, not a traceback, where they cannot do their work."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except RsbError as error:
            told = str(error)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
            told = f"{place}{(error.strerror or str(error)).lower()}"
        except Exception as error:
            if sys.flags.dev_mode:
                raise
            told = str(defect(error))
        click.echo(f"rsb: {told}", err=True)
        sys.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="rsb-dataset", prog_name="rsb")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Resource–Security Bargains: extract, check and release the dataset.

    \b
    Example:
      rsb run                     all stages, then a summary
      rsb read article.md         what one document says
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


PathArgument = click.Path(path_type=Path)


@main.command()
@click.argument("path", type=PathArgument, required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "junit"]),
    default="text",
    show_default=True,
    help="How to tell it: for people, for programs, as GitHub annotations, or as JUnit XML.",
)
@click.option("--suggest", is_flag=True, help="Check nothing: print assertions for params.yaml that these tables keep.")
def validate(path: Path | None, form: str, suggest: bool) -> None:
    """Check tables: their structure, then every rule across rows and tables.

    PATH is a folder of tables, a release folder, or one .parquet or .csv file named after its table. Without PATH,
    the workspace's tables are checked, and the issues and reports/validation.json are written.

    Exits 0 without errors, 1 with, 2 where it cannot run.

    \b
    Example:
      rsb validate                                    the workspace's tables
      rsb validate data/release                       a release
      rsb validate terms.csv --format github          one table, as annotations
      rsb validate --suggest                          counts and fill rates to assert
    """
    from pipeline.issues import FORMATS
    from pipeline.validate import check_path, run, suggest_assertions
    from pipeline.workspace import find_workspace

    if suggest:
        if path:
            raise click.UsageError("--suggest is about the workspace's tables: give it without PATH")
        click.echo(suggest_assertions(find_workspace()), nl=False)
        return

    outcome = check_path(path) if path else run(find_workspace())
    click.echo(FORMATS[form](outcome), nl=False)
    sys.exit(1 if outcome.count("error") else 0)


@main.command()
def ingest() -> None:
    """Read the documents of data/sources into data/interim/documents.

    A file that gives no document is set aside with a reason, and the rest is read. Exits 0 where at least one file
    gives a document, else 2.

    \b
    Example:
      rsb ingest
    """
    from pipeline.ingest import run
    from pipeline.workspace import find_workspace

    documents, aside = run(find_workspace())
    for document in documents:
        for line in document.warnings:
            click.echo(f"warning: {line}", err=True)
    for entry in aside:
        click.echo(f"set aside: {entry.path}: {entry.reason}: {entry.detail}", err=True)
    click.echo(f"{len(documents) + len(aside)} files read: {len(documents)} kept, {len(aside)} set aside")


@main.command()
@click.argument("files", nargs=-1, required=True, type=PathArgument, metavar="FILE...")
@click.option("--title", help="Title as the publication gives it.")
@click.option("--publisher", help="Who published it.")
@click.option("--url", help="Address of the publication.")
@click.option("--published", help="Date of publication (EDTF: 2025-03-12, 2025-03, 2025).")
@click.option("--retrieved", help="Day on which the publication was read.")
@click.option("--language", help="Language of the text (BCP 47: en, fr).")
@click.option("--kind", help="Kind of publication: a code of source_kind.")
@click.option("--text-origin", help="digest or publication.")
@click.option("--origin", help="Agency, interview or document that the report rests on.")
@click.option("--license", help="Licence of the text (SPDX where it has an identifier).")
def add(files: tuple[Path, ...], **values: str | None) -> None:
    """Register documents as sources: write data/sources/<id>.md with front matter.

    FILE is text, Markdown or HTML; its name without the ending becomes the id. What a flag states goes before what
    the file states. A title, publisher, url or date that neither states is asked for on a terminal, and an error in a
    pipe; an empty value states that it is unknown. Nothing is overwritten. Exits 2, with nothing written, where a
    file cannot become a source.

    \b
    Example:
      rsb add article.html
      rsb add note.txt --title "Mine talks stop" --publisher "Example News" --published 2025-03-12 --url ""
    """
    from pipeline.ingest.register import add_documents
    from pipeline.workspace import find_workspace

    stated = {name: value for name, value in values.items() if value is not None}
    workspace = find_workspace()
    written, warnings = add_documents(workspace, list(files), stated, _ask if sys.stdin.isatty() else None)
    for line in warnings:
        click.echo(f"warning: {line}", err=True)
    for path in written:
        click.echo(path.relative_to(workspace.root))
    click.echo("next: rsb run")


def _ask(path: Path, column: str) -> str:
    """What a person answers for a column; empty leaves it null."""
    return str(click.prompt(f"{path.name}: {column} (empty: unknown)", default="", show_default=False, err=True))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def info(as_json: bool) -> None:
    """What this workspace holds: versions, counts, what was set aside and why, issues, where things are.

    \b
    Example:
      rsb info
      rsb info --json
    """
    import json

    from pipeline.info import describe, render
    from pipeline.workspace import find_workspace

    described = describe(find_workspace())
    click.echo(json.dumps(described, ensure_ascii=False, indent=2) if as_json else render(described))


@main.command()
def compare() -> None:
    """Compare the tables with the last published version: changes, and the schema version that follows.

    Writes data/interim/changes and reports/changes.json. Exits 2 where tables are missing or the baseline is broken.

    \b
    Example:
      rsb compare
    """
    from pipeline.compare import run
    from pipeline.workspace import find_workspace

    run(find_workspace())


@main.command()
def release() -> None:
    """Make data/release: Parquet, CSV, SQLite, codebook and all that goes with them.

    It takes the place of the previous release only once it is whole and sound. Exits 1, with the previous release as
    it was, where the issues hold an error or the new release does not pass its own checks.

    \b
    Example:
      rsb release
    """
    from pipeline.release import ReleaseRefusedError, run
    from pipeline.workspace import find_workspace

    try:
        run(find_workspace())
    except ReleaseRefusedError as refused:
        click.echo(f"rsb: no release was made\n{refused}", err=True)
        sys.exit(1)


@main.command()
@click.argument("old")
@click.argument("new", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to tell it: for people, for programs with every change, or as a comment on a pull request.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def diff(old: str, new: str | None, form: str, as_json: bool) -> None:
    """What changed from OLD to NEW (by default the workspace's tables), data loss first.

    OLD and NEW are release folders or folders of tables, published versions (also: latest, candidate, reviewed) or
    git revisions. Exits 0 where they could be compared, else 2.

    \b
    Example:
      rsb diff latest
      rsb diff data/baseline data/interim/tables --json
      rsb diff origin/main HEAD --format markdown
    """
    from pipeline.diff import FORMATS, diff_versions
    from pipeline.workspace import find_workspace

    try:
        workspace = find_workspace()
    except RsbError:
        workspace = None
    click.echo(FORMATS["json" if as_json else form](diff_versions(workspace, old, new)))


@main.command()
@click.argument("folder", type=PathArgument, metavar="RELEASE")
def verify(folder: Path) -> None:
    """Check a release folder against itself: checksums, declarations, keys, evidence, formats, rules.

    Needs nothing but the folder. Exits 0 where all is well, 1 with the problems where it is not, 2 where the folder
    is no release.

    \b
    Example:
      rsb verify data/release
    """
    from pipeline.release.verify import summarise
    from pipeline.release.verify import verify as check

    release, problems = check(folder)
    click.echo(summarise(release, problems))
    sys.exit(1 if problems else 0)


@main.command()
@click.argument("version")
def publish(version: str) -> None:
    """Make a version of data/release that nothing overwrites.

    VERSION must be that of params.yaml. The release is verified and copied to data/published, it becomes the baseline
    of later comparisons, is entered in releases/, and the present commit is tagged where the workspace is a git
    checkout. Exits 1 where the release does not verify, 2 where the version is another or is published already.

    \b
    Example:
      rsb publish 0.1.0
    """
    from pipeline.release import ReleaseRefusedError
    from pipeline.release.publish import publish as make_version
    from pipeline.workspace import find_workspace

    try:
        lines = make_version(find_workspace(), version)
    except ReleaseRefusedError as refused:
        click.echo(f"rsb: nothing was published\n{refused}", err=True)
        sys.exit(1)
    click.echo("\n".join(lines))


@main.command()
def assemble() -> None:
    """Turn proposals and coded records into data/interim/tables: corrections, grounding check, ids, merging, standing.

    Exits 0 where every proposal stands, else 2, and the tables stay as they were.

    \b
    Example:
      rsb assemble
    """
    from pipeline.assemble import run
    from pipeline.progress import say
    from pipeline.workspace import find_workspace

    rows = run(find_workspace())
    say(", ".join(f"{len(some)} {table}" for table, some in rows.items()))


@main.command()
def evaluate() -> None:
    """Compare what was extracted, coded and annotated again with data/gold; write reports/evaluation.json.

    Precision, recall and extra rows per gold row, by table, of the extractor also by rule; the agreement of
    data/gold_first and data/gold_second, of which gold was adjudicated. On a terminal also as tables. Exits 2 where
    there is no gold, or nothing was extracted from its documents.

    \b
    Example:
      rsb evaluate
    """
    from pipeline.evaluate import run
    from pipeline.workspace import find_workspace

    run(find_workspace())


@main.command()
@click.argument("texts", type=click.Path(path_type=Path), required=False)
def train(texts: Path | None) -> None:
    """Train the weights by which the extractor reads what no rule has words for: data/codebook/weights.csv.

    Learns from the completely coded documents that have no gold, and from data/gold_outside where TEXTS, the folder of
    its documents, is given. Takes some minutes. Exits 2 where there is nothing to learn from.

    \b
    Example:
      rsb train articles/
    """
    from pipeline import train as training
    from pipeline.workspace import find_workspace

    click.echo(training.run(find_workspace(), texts))


@main.command()
@click.argument("gold", type=click.Path(path_type=Path))
@click.argument("texts", type=click.Path(path_type=Path))
@click.option("--record", "batch", help="Name of the batch, to enter in reports/first_contact.csv.")
@click.option("--seal", "folder", type=click.Path(path_type=Path), help="Write the annotations here, texts left out.")
def contact(gold: Path, texts: Path, batch: str | None, folder: Path | None) -> None:
    """Let the extractor meet annotated documents outside the project, and say how it did.

    GOLD is a folder of annotations like data/gold, TEXTS the folder of the documents, which need not be ours to pass
    on. --record enters the figures, once for each batch: before anything is learned from it. --seal keeps the
    annotations with spans and the hash of each text in place of quotes, so that they hold no sentence of it.

    \b
    Example:
      rsb contact annotated/ articles/ --record wire-copy-1
      rsb contact annotated/ articles/ --seal data/gold_outside/wire-copy-1
    """
    from datetime import date

    from pipeline import contact as first_contact
    from pipeline.evaluate import table_lines
    from pipeline.workspace import find_workspace

    workspace = find_workspace()
    report = first_contact.run(workspace, gold, texts)
    for line in table_lines(report):
        click.echo(line)
    if batch is not None:
        click.echo(f"entered in {first_contact.record(workspace, batch, report, date.today())}")
    if folder is not None:
        click.echo(f"{first_contact.seal(workspace, gold, texts, folder)} files written to {folder}")


@main.command()
def extract() -> None:
    """Read propositions, claims and evidence out of the documents: data/interim/proposals.

    \b
    Example:
      rsb extract
    """
    from pipeline.extract.stage import run
    from pipeline.workspace import find_workspace

    run(find_workspace())


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each document, a line each.")
def read(files: tuple[str, ...], as_json: bool) -> None:
    """Say what documents hold: the text with its names and cues marked, then each record with its claims.

    FILE is text, Markdown or HTML. Needs no workspace. Exits 0 where all files were read, whatever they hold; 1 where
    one gives no document, and the others are answered.

    \b
    Example:
      rsb read article.md
      rsb read --json article.md page.html
    """
    from pipeline.read import Reader, to_line
    from pipeline.tell import tell
    from pipeline.workspace import find_workspace, installed_checkout

    try:
        workspace = find_workspace()
    except RsbError:
        workspace = installed_checkout()
    reader = Reader.of(workspace)
    failed = False
    for path in files:
        answer, warnings = reader.read(path)
        failed = failed or "error" in answer
        for line in warnings:
            click.echo(f"warning: {line}", err=True)
        if as_json:
            click.echo(to_line(answer))
        elif "error" in answer:
            click.echo(f"rsb: {answer['error']}", err=True)
        else:
            for line in tell(answer, reader.codebook.codes):
                click.echo(line)
    if failed:
        sys.exit(1)


@main.command("run")
def run_all() -> None:
    """Run all stages through DVC and say what was made, and what changed against the run before.

    Stages whose inputs did not change are not run again. One run at a time. Exits 1 where a stage found errors in the
    data, 2 where one cannot run; the previous release then stays.

    \b
    Example:
      rsb run
    """
    from pipeline.run import run
    from pipeline.workspace import find_workspace

    sound, lines = run(find_workspace())
    for line in lines:
        click.echo(line, err=not sound)
    if not sound:
        sys.exit(1)


if __name__ == "__main__":
    main(prog_name="rsb")
