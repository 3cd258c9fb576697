"""The API of the current server: what ``/templates``, ``/workflows``, ``/webhooks`` return there, and how they fail.

The records are those of the documented dialect with the keys that ``data/modern.py`` adds. Answers are kept in one form
for both, so that the engine of workflows runs them: ids of selections and users, ids of attachments (or the text of a
file link), texts. A user field may also hold ``{"group": id}``, a date the number that was sent, a number its text.
"""
