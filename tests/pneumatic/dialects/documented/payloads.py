"""The reference's own examples of webhook payloads, word for word."""

from __future__ import annotations

OUTPUT = """[
  {"id": 1, "name": "Performer", "type": "user", "api_name": "field-shdgkk", "value": "1",
   "is_required": true, "selections": [], "attachments": []},
  {"id": 2, "name": "Label", "type": "radiobutton", "api_name": "field-asdsfd", "value": null,
   "is_required": true,
   "selections": [{"id": 1, "value": "First Selection", "is_selected": false},
                  {"id": 2, "value": "Second Selection", "is_selected": true}],
   "attachments": []},
  {"id": 3, "name": "File", "type": "file", "api_name": "field-cvkjbk", "value": null,
   "is_required": true, "selections": [],
   "attachments": [{"id": 1, "name": "filename.png", "url": "https://fake-url.com"}]}
]"""

CURRENT_TASK = """{
  "id": 2, "name": "Second task", "description": "Task description", "number": 2,
  "date_started": "2020-10-12T16:25:00.062Z", "date_completed": "2020-10-12T16:25:58.675Z",
  "performers": [{"id": 2, "first_name": "John Jr.", "last_name": "Doe"}]
}"""


def _workflow(output: str) -> str:
    return f"""{{
      "id": 1, "name": "Workflow Name", "status": 1, "date_created": "2020-10-12T16:12:10.099Z",
      "template": {{"id": 1, "name": "Template name"}},
      "kickoff": {{"id": 1, "description": "Kickoff description", "output": {output}}},
      "current_task": {CURRENT_TASK}
    }}"""


def _hook(event: str) -> str:
    return f'{{"id": 1, "event": "{event}", "target": "your_webhook_listener_url"}}'


def about_a_task(event: str) -> bytes:
    """Return the example of Task Completed; Task Returned refers to it."""
    return f"""{{
      "hook": {_hook(event)},
      "task": {{
        "id": 1, "name": "Task name", "description": "Task description", "number": 1,
        "date_started": "2020-10-12T16:25:00.062Z", "date_completed": "2020-10-12T16:25:58.675Z",
        "output": {OUTPUT},
        "performers": [{{"id": 1, "first_name": "John", "last_name": "Doe"}}],
        "workflow": {_workflow("[]")}
      }}
    }}""".encode()


def about_a_workflow(event: str) -> bytes:
    """Return the example of Workflow Started; Workflow Completed refers to it."""
    return f'{{"hook": {_hook(event)}, "workflow": {_workflow(OUTPUT)}}}'.encode()
