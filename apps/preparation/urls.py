from __future__ import annotations

from django.urls import path

from apps.preparation.drafts.views import draft_discard, draft_list, draft_save
from apps.preparation.presets.views import preset_delete, preset_detail, preset_list, private_fields

urlpatterns = [
    path("drafts/", draft_list, name="draft-list"),
    path("presets/", preset_list, name="preset-list"),
    path("presets/<uuid:preset_id>/", preset_detail, name="preset-detail"),
    path("presets/<uuid:preset_id>/delete/", preset_delete, name="preset-delete"),
    path("templates/<int:template_id>/recent-values/", private_fields, name="private-fields"),
    path("templates/<int:template_id>/draft/", draft_save, name="draft-save"),
    path("templates/<int:template_id>/draft/discard/", draft_discard, name="draft-discard"),
]
