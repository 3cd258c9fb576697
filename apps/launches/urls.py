from __future__ import annotations

from django.urls import path

from apps.launches.views.form import template_launch
from apps.launches.views.launches import launch_csv, launch_detail, launch_list, launch_resolve, launch_retry
from apps.launches.views.recovery import launch_sign_in
from apps.launches.views.uploads import file_upload

urlpatterns = [
    path("templates/<int:template_id>/launch/", template_launch, name="template-launch"),
    path("templates/<int:template_id>/launch/sign-in/", launch_sign_in, name="launch-sign-in"),
    path("launches/", launch_list, name="launch-list"),
    path("launches/export.csv", launch_csv, name="launch-csv"),
    path("launches/files/", file_upload, name="file-upload"),
    path("launches/<uuid:launch_id>/", launch_detail, name="launch-detail"),
    path("launches/<uuid:launch_id>/retry/", launch_retry, name="launch-retry"),
    path("launches/<uuid:launch_id>/resolve/", launch_resolve, name="launch-resolve"),
]
