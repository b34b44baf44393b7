"""How the paths of each kind are looked at: whether they are there, and which files will be read for them.

Nothing here imports torch: a wrong path is told at once. The words are those of the readers themselves.
"""

from collections.abc import Sequence
from pathlib import Path

RECORDING_SUFFIX = ".safetensors"
BUNDLED = "bundled"
"""The word for the model that comes with gateviz, where a model must be named."""

# What adapters look for beside a checkpoint, under its name or under a name of its own.
_BESIDE = (".gateviz.toml", ".alphabet.txt", ".pdiparams", ".pdmodel", ".json", ".yml", ".yaml")
_BESIDE_NAMES = ("vocab.txt", "configuration.json")


def look_at_models(paths: Sequence[Path]) -> None:
    """Checkpoints.

    Raises:
        CheckpointError: one is missing, a folder, empty, or may not be read.
    """
    from gateviz.adapters.opening import open_model_file
    from gateviz.files.inputs import will_read

    for path in paths:
        open_model_file(path)
        will_read([*map(path.with_suffix, _BESIDE), *map(path.with_name, _BESIDE_NAMES)])


def look_at_described(paths: Sequence[Path]) -> None:
    """Checkpoints or recordings of which ``info`` tells what is wrong with them; they are only kept in mind."""
    from gateviz.files.inputs import will_read

    will_read(paths)


def look_at_lines(paths: Sequence[Path]) -> None:
    """Line images, saved recordings, folders and manifests of either.

    Raises:
        ImageError: there is not a single one, or a folder or a manifest holds none.
        RecordingFileError: there is not a single one.
    """
    from gateviz.files.folders import IMAGE_SUFFIXES, MANIFEST_SUFFIX, expand
    from gateviz.files.inputs import will_read
    from gateviz.files.line_pairs import text_names

    sources = [source.path for source in expand(paths, suffixes=IMAGE_SUFFIXES | {RECORDING_SUFFIX})]
    will_read(path for path in paths if path.suffix.lower() == MANIFEST_SUFFIX)
    for path in sources:
        will_read([path, *(path.with_name(name) for name in text_names(path.name))])
    _look_for_one(sources)


def look_at_corpus(paths: Sequence[Path]) -> None:
    """Lines of a study: images, folders, manifests, LMDBs.

    Raises:
        ImageError: there is not a single line, or a manifest cannot be read.
    """
    from gateviz.files.folders import IMAGE_SUFFIXES
    from gateviz.files.inputs import will_read
    from gateviz.files.line_pairs import text_names
    from gateviz.files.line_places import files_of, is_place, line_place

    lines: list[Path] = []
    for path in paths:
        if not is_place(path):
            lines.append(path)
            continue
        files = list(files_of(line_place(path)))
        will_read(files)
        lines += [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]
    for path in lines:
        will_read([path, *(path.with_name(name) for name in text_names(path.name))])
    _look_for_one(lines)


def look_at_line(path: Path) -> None:
    """One line image or saved recording.

    Raises:
        ImageError: there is no such image.
        RecordingFileError: there is no such recording.
    """
    from gateviz.errors import ImageError
    from gateviz.files.images import check_image

    if path.suffix.lower() == RECORDING_SUFFIX:
        look_at_recording(path)
        return
    try:
        check_image(path)
    except ImageError as error:
        raise ImageError(f"the image {path} {error}") from error


def look_at_recording(path: Path) -> None:
    """One saved recording.

    Raises:
        RecordingFileError: it is missing, no file, or empty.
    """
    from gateviz.files.inputs import will_read
    from gateviz.files.tensors import check_recording

    check_recording(path)
    will_read([path])


def look_at_true_lines(paths: Sequence[Path]) -> None:
    """Lines with their texts: manifests, folders of pairs, LMDBs.

    Raises:
        TrainingError: a path that is none of these.
        ImageError: a manifest or folder that cannot be read.
    """
    from gateviz.files.inputs import will_read
    from gateviz.files.line_places import files_of, line_place

    for path in paths:
        will_read(files_of(line_place(path)))


def look_at_compared(paths: Sequence[Path]) -> None:
    """Two models and the lines they read, or two line images.

    Raises:
        CheckpointError: a model is not there.
        ImageError: a line is not there.
    """
    from gateviz.files.folders import IMAGE_SUFFIXES

    named = paths[:2]
    if all(path.suffix.lower() in IMAGE_SUFFIXES for path in named):
        for path in named:
            look_at_line(path)
        look_at_lines(paths)
        return
    look_at_models([path for path in named if str(path) != BUNDLED and path.suffix.lower() not in IMAGE_SUFFIXES])
    if len(paths) > len(named):
        look_at_corpus(paths[2:])


def look_at_watched(paths: Sequence[Path]) -> None:
    """Folders of a run, or of the records of a watched training.

    Raises:
        RecordingFileError: there is nothing that was watched.
    """
    from gateviz.files.inputs import will_read
    from gateviz.files.watch_files import watched_folder

    for path in paths:
        will_read(watched_folder(path).glob("*"))


def look_at_claims(paths: Sequence[Path]) -> None:
    """Files of claims.

    Raises:
        SelectionError: one is missing, or holds no claims that can be tested.
    """
    from gateviz.studies.claims.stated import read_claims

    for path in paths:
        read_claims(path)


def look_at_fonts(paths: Sequence[Path]) -> None:
    """Folders of fonts.

    Raises:
        AlphabetError: one is missing.
    """
    from gateviz.errors import AlphabetError
    from gateviz.files.inputs import will_read

    for path in paths:
        if not path.is_dir():
            raise AlphabetError(f"there is no folder of fonts {path}; check the path")
        will_read(path.rglob("*"))


def look_at_font_words(words: str) -> None:
    """A folder of fonts, or nothing.

    Raises:
        AlphabetError: it is missing.
    """
    look_at_fonts([Path(words)] if words else [])


def look_at_alphabet(words: str) -> None:
    """A file of symbols, or the symbols.

    Raises:
        AlphabetError: a path without a file.
    """
    from gateviz.adapters.core.alphabets import as_file
    from gateviz.files.inputs import will_read

    path = as_file(words)
    will_read([] if path is None else [path])


def look_at_named_symbols(words: str) -> None:
    """Names of alphabets, a file of symbols, or the symbols, as training takes them.

    Raises:
        AlphabetError: there is no such file, or it cannot be read.
    """
    from gateviz.typesetting.alphabets import symbols_of

    if words:
        symbols_of(words)


def look_at_factory(words: str) -> None:
    """The user's own code.

    Raises:
        CheckpointError: the words name no code, or a file that is not there.
    """
    from gateviz.adapters.factory.code import factory_place
    from gateviz.files.inputs import will_read

    place, _ = factory_place(words)
    will_read([place] if place.endswith(".py") else [])


def _look_for_one(paths: Sequence[Path]) -> None:
    """Of several lines one is enough to begin: of the others it is told, one by one, that they are not there."""
    from gateviz.errors import GatevizError

    first: GatevizError | None = None
    for path in paths:
        try:
            look_at_line(path)
        except GatevizError as error:
            first = first or error
        else:
            return
    if first is not None:
        raise first
