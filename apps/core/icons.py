"""The icons: drawn for this project on a 16 by 16 grid, stroked with the text's colour."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

PATHS = {
    "alert": "M8 2.2 14.4 13.5H1.6ZM8 6.5v3M8 11.6v.1",
    "arrow-left": "M13.5 8h-11M6.5 4l-4 4 4 4",
    "arrow-right": "M2.5 8h11M9.5 4l4 4-4 4",
    "calendar": "M2.5 3.5h11v10h-11ZM2.5 6.5h11M5.5 2v2.5M10.5 2v2.5",
    "check": "M2.5 8.5 6.5 12.5 13.5 4",
    "chevron-down": "M3.5 6 8 10.5 12.5 6",
    "chevron-right": "M6 3.5 10.5 8 6 12.5",
    "clock": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2ZM8 4.5V8l2.5 1.5",
    "copy": "M5.5 5.5h8v8h-8ZM3.5 10.5h-1v-8h8v1",
    "cross": "M3.5 3.5 12.5 12.5M12.5 3.5 3.5 12.5",
    "download": "M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11",
    "edit": "M2.5 13.5 3.2 10.5 11 2.7 13.3 5 5.5 12.8Z",
    "external": "M6 3H2.5v10.5H13V10M9 2.5h4.5V7M13.5 2.5 7.5 8.5",
    "file": "M3.5 1.8h5.5L12.5 5.3v8.9h-9ZM8.8 2v3.5h3.5",
    "filter": "M2 3.5h12L9.5 8.7v4.8l-3-1.5V8.7Z",
    "help": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2ZM6.2 6.4a1.8 1.8 0 1 1 2.6 1.7c-.6.3-.8.6-.8 1.2M8 11.4v.1",
    "home": "M2 7.5 8 2.5l6 5M3.5 6.5v7h9v-7M6.5 13.5v-4h3v4",
    "info": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2ZM8 7.2v3.6M8 4.9v.1",
    "launch": "M2.5 8h7M6 4.5 9.5 8 6 11.5M11.5 3.5a6.4 6.4 0 0 1 0 9",
    "link": "M6.8 9.2 9.2 6.8M7 4.8l1.4-1.4a3 3 0 0 1 4.2 4.2L11.2 9M9 11.2l-1.4 1.4a3 3 0 0 1-4.2-4.2L4.8 7",
    "list": "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.1M2.5 8h.1M2.5 12h.1",
    "lock": "M3.5 7.5h9v6h-9ZM5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2",
    "menu": "M2.5 4h11M2.5 8h11M2.5 12h11",
    "moon": "M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8 5.6 5.6 0 1 0 13.2 9.6Z",
    "plus": "M8 3v10M3 8h10",
    "retry": "M13 6.5A5.3 5.3 0 1 0 13.2 9.5M13.3 2.8v3.7H9.6",
    "search": "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.3 10.3l3.4 3.4",
    "settings": "M2.5 4.5h6M12.5 4.5h1M10.5 2.8v3.4M2.5 11.5h1M7.5 11.5h6M5.5 9.8v3.4",
    "sign-out": "M6.5 2.5h-4v11h4M6 8h7.5M10.5 5l3 3-3 3",
    "sun": "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6ZM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7"
    "M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
    "sync": "M2.8 7A5.3 5.3 0 0 1 12.5 5M13.2 9A5.3 5.3 0 0 1 3.5 11M12.8 2v3.2H9.6M3.2 14v-3.2h3.2",
    "templates": "M2.5 2.5h11v3.5h-11ZM2.5 8.5h5v5h-5ZM10 8.5h3.5v5H10Z",
    "trash": "M2.5 4.5h11M6 4.5V2.8h4v1.7M4 4.5l.6 9h6.8l.6-9M6.7 7v4M9.3 7v4",
    "upload": "M8 11V3M4.5 6 8 2.5 11.5 6M2.5 13.5h11",
    "user": "M8 2.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6ZM2.8 13.8c.3-3 2.4-4.3 5.2-4.3s4.9 1.3 5.2 4.3",
    "users": "M6 3a2.4 2.4 0 1 1 0 4.8A2.4 2.4 0 0 1 6 3ZM1.6 13.3c.2-2.6 2-3.7 4.4-3.7s4.2 1.1 4.4 3.7"
    "M10.6 3.2a2.3 2.3 0 0 1 0 4.4M12 9.9c1.5.5 2.3 1.7 2.4 3.4",
}


def render(name: str) -> SafeString:
    """Return the icon as inline SVG, hidden from assistive technology; raise KeyError for an unknown one."""
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>',
        mark_safe(PATHS[name]),  # noqa: S308 - a constant
    )
