from __future__ import annotations

from django.urls import path

from apps.preparation.drafts.views import draft_discard, draft_list, draft_save

urlpatterns = [
    path("drafts/", draft_list, name="draft-list"),
    path("templates/<int:template_id>/draft/", draft_save, name="draft-save"),
    path("templates/<int:template_id>/draft/discard/", draft_discard, name="draft-discard"),
]
