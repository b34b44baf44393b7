"""The JSON document beside the weights of gateviz's own recognizers."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from gateviz.data.alphabet import Alphabet
from gateviz.data.crnn import CrnnConfig, CrnnDocument, CrnnInput
from gateviz.errors import CheckpointError, GatevizError

DOCUMENT_KEY = "gateviz_crnn"
FORMAT_VERSION = 1


def read_document(text: str) -> CrnnDocument:
    """What a file's JSON document says.

    Raises:
        CheckpointError: it is no such document, or of a newer version.
    """
    try:
        document = json.loads(text)
        version = document["format_version"]
        if version != FORMAT_VERSION:
            raise CheckpointError(
                f"the model was written in format {version}, and this gateviz reads format {FORMAT_VERSION}; update gateviz"
            )
        config = CrnnConfig(**_known(document["config"], CrnnConfig))
        spelled = document["alphabet"]
        codes = tuple(tuple(int(label) for label in code) for code in spelled["codes"])
        alphabet = Alphabet(tuple(spelled["symbols"]), codes, int(spelled["blank"]), config.class_count)
        prepared = CrnnInput(**_known(document["preprocessing"], CrnnInput))
        return CrnnDocument(config, alphabet, prepared, dict(document["notes"]))
    except CheckpointError:
        raise
    except (GatevizError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"the model's document cannot be understood ({type(error).__name__}: {error}); save the model again"
        ) from error


def _known(values: Mapping[str, Any], kind: type[CrnnConfig] | type[CrnnInput]) -> dict[str, Any]:
    """The values, each of the type its field has.

    Raises:
        CheckpointError: a value that the field cannot hold, or a field that is not known.
    """
    defaults = {field.name: field.default for field in fields(kind)}
    for name, value in values.items():
        default = defaults.get(name)
        wanted = (int, float) if isinstance(default, float) else (type(default),) if name != "class_count" else (int,)
        if name not in defaults or not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise CheckpointError(
                f"the model's document has {name} = {value!r}, which this gateviz does not know; update it"
            )
    return dict(values)
