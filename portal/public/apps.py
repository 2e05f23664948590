from django.apps import AppConfig


class PublicConfig(AppConfig):
    name = "portal.public"
    verbose_name = "公开网站"
