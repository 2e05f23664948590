from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "portal.catalogue"
    verbose_name = "书记项目库"
