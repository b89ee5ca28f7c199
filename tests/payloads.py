"""Fifty texts that try to become a script in a page, and the places a page could keep them. Text alone; asks nothing.

Each sets `window.ran` or opens a dialog if it runs. They break out of text, attributes, comments, style, templates of
servers and of browsers; they are names a citizen, a clerk or another server may send.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PAYLOADS = (
    "<script>window.ran=1</script>",
    "</script><script>window.ran=1</script>",
    "<ScRiPt>window.ran=1</sCrIpT>",
    "<scr<script>ipt>window.ran=1</scr</script>ipt>",
    "<script src=//127.0.0.1:9/x.js></script>",
    '<script/x src="data:text/javascript,window.ran=1"></script>',
    "<script\t>window.ran=1</script\t>",
    "<img src=x onerror=window.ran=1>",
    "<img src=x onerror=alert(1)//",
    '"><img src=x onerror=window.ran=1>',
    "'><img src=x onerror=window.ran=1>",
    "`><img src=x onerror=window.ran=1>",
    '" onmouseover="window.ran=1" x="',
    "' onfocus='window.ran=1' autofocus='",
    '" autofocus onfocus=window.ran=1 "',
    "x onpointerenter=window.ran=1 style=position:fixed;inset:0",
    "<svg onload=window.ran=1>",
    "<svg/onload=window.ran=1//",
    "<svg><script>window.ran=1</script></svg>",
    '<svg><a xlink:href="javascript:window.ran=1"><text y=20>x</text></a></svg>',
    "<svg><animate onbegin=window.ran=1 attributeName=x dur=1s>",
    '<math><mi xlink:href="javascript:window.ran=1">x</mi></math>',
    "<body onload=window.ran=1>",
    "<iframe src=javascript:window.ran=1></iframe>",
    '<iframe srcdoc="<script>parent.ran=1</script>"></iframe>',
    '<object data="data:text/html,<script>window.ran=1</script>"></object>',
    '<embed src="data:image/svg+xml,<svg onload=window.ran=1>">',
    '<a href="javascript:window.ran=1">x</a>',
    "javascript:window.ran=1",
    "JaVaScRiPt:window.ran=1//",
    "data:text/html,<script>window.ran=1</script>",
    '<form action="javascript:window.ran=1"><button>x</button></form>',
    '<button formaction="javascript:window.ran=1">x</button>',
    "<details open ontoggle=window.ran=1>x</details>",
    "<marquee onstart=window.ran=1>x</marquee>",
    "<video><source onerror=window.ran=1></video>",
    "<audio src=x onerror=window.ran=1>",
    "<input autofocus onfocus=window.ran=1>",
    "<select autofocus onfocus=window.ran=1></select>",
    "</textarea><script>window.ran=1</script>",
    "</title><script>window.ran=1</script>",
    "</style><script>window.ran=1</script>",
    "<style>@import'//127.0.0.1:9/x';*{background:url(javascript:window.ran=1)}</style>",
    "--><script>window.ran=1</script><!--",
    "]]><script>window.ran=1</script>",
    '<meta http-equiv=refresh content="0;url=javascript:window.ran=1">',
    "<base href=//127.0.0.1:9/>",
    "{{ 7*7 }}{% for x in ().__class__.__bases__ %}{{ x }}{% endfor %}${7*7}",
    "&lt;script&gt;window.ran=1&lt;/script&gt;&#60;img src=x onerror=window.ran=1&#62;",
    "＜script＞window.ran=1＜/script＞\u2028%3Cscript%3Ewindow.ran=1%3C/script%3E%(x)s{name}",
)
# What keeps an event an event; the rest of it is text that a page may show.
KEPT = {
    "type",
    "event",
    "case",
    "at",
    "station",
    "form",
    "to",
    "id_type",
    "id_no",
    "query_code",
    "code",
    "role",
    "mode",
    "channel",
}


def poisoned(value: Any, payload: str, keep: frozenset[str] | set[str] = KEPT) -> Any:
    """A body in which every text that no rule reads says the payload."""
    if isinstance(value, Mapping):
        return {
            name: each if name in keep or name.startswith("_") else poisoned(each, payload, keep)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [poisoned(each, payload, keep) for each in value]
    return payload if isinstance(value, str) else value
