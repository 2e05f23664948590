from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    name = "portal.workspace"
    verbose_name = "我的工作台"
