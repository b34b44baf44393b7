"""Pages that ask the network for nothing: one HTML file with its pictures inside."""

import base64
import html
import io
from collections.abc import Sequence

from matplotlib.figure import Figure

from gateviz.survey.corpus import Skipped

DPI = 120
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="gateviz">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
h2 {{ margin-top: 2.5rem; border-top: 1px solid #c8c8c8; padding-top: 1rem; }}
table {{ border-collapse: collapse; font-size: 13px; }}
td, th {{ padding: .2rem .7rem .2rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #eee; }}
td.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
.supported {{ font-weight: 600; }} .contradicted {{ font-weight: 600; color: #c1121f; }} .none {{ color: #6e6e6e; }}
blockquote {{ margin: .5rem 0; padding-left: .8rem; border-left: 3px solid #c8c8c8; color: #444; }}
figure {{ margin: .6rem 0; }} figcaption {{ font-size: 13px; color: #444; }}
img {{ max-width: 100%; height: auto; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def html_page(title: str, parts: Sequence[str]) -> str:
    """A whole page.

    Args:
        title: words, not yet HTML.
        parts: HTML, one below the other; empty ones are left out.
    """
    return _PAGE.format(title=html.escape(title), body="\n".join(filter(None, parts)))


def picture(figure: Figure, caption: str) -> str:
    """A figure as HTML, with its words below it."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI)
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    words = html.escape(caption)
    return f'<figure><img alt="{words}" src="data:image/png;base64,{data}"><figcaption>{words}</figcaption></figure>'


def skipped_lines(skipped: Sequence[Skipped]) -> str:
    """The lines that could not be read, to be unfolded; empty where there is none."""
    if not skipped:
        return ""
    rows = "".join(
        f"<tr><td>{html.escape(str(one.source.path))}</td><td>{html.escape(one.why)}</td></tr>" for one in skipped
    )
    return f"<details><summary>{len(skipped):,} lines that could not be read</summary><table>{rows}</table></details>"
