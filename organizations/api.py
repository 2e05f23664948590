"""API: tokens, who I am, organizations in scope."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.contrib.auth import authenticate
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Length, Substr
from django.urls import path
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import exceptions, generics, serializers
from rest_framework.authtoken.models import Token
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.errors import Forbidden
from common.text import clean_text
from organizations.middleware import MESSAGE as FIRST_PASSWORD
from organizations.models import Organization
from organizations.rules import role_label


class Credentials(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=60)
    password = serializers.CharField(max_length=200, trim_whitespace=False)


class TokenView(APIView):
    """Trade an account and its password for a token; wrong tries count towards the lock."""

    permission_classes = (AllowAny,)
    authentication_classes = ()

    @extend_schema(
        request=Credentials, responses=inline_serializer("Token", {"token": serializers.CharField()}), auth=[]
    )
    def post(self, request: Request) -> Response:
        given = Credentials(data=request.data)
        given.is_valid(raise_exception=True)
        username = unicodedata.normalize("NFKC", given.validated_data["username"])
        password = given.validated_data["password"]
        user = authenticate(request._request, username=username, password=password)
        if user is None:
            raise exceptions.ValidationError({"password": ["账号或密码不对。"]})
        if user.must_change_password:  # type: ignore[attr-defined]
            raise Forbidden(FIRST_PASSWORD, code="password_change_required")
        token, _ = Token.objects.get_or_create(user=user)
        return Response({"token": token.key})


class OwnTokenView(APIView):
    """End the caller's token."""

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        Token.objects.filter(user=request.user.pk).delete()
        return Response(status=204)


class MeView(APIView):
    @extend_schema(
        responses=inline_serializer("Me", {n: serializers.CharField() for n in ("username", "name", "roles")})
    )
    def get(self, request: Request) -> Response:
        user: Any = request.user
        return Response({"username": user.username, "name": str(user), "roles": role_label(user)})


class OrganizationSerializer(serializers.ModelSerializer[Organization]):
    kind_display = serializers.CharField(source="get_kind_display", read_only=True)
    parent = serializers.CharField(read_only=True, allow_null=True)  # type: ignore[assignment]

    class Meta:
        model = Organization
        fields = (
            "public_id",
            "name",
            "short_name",
            "kind",
            "kind_display",
            "sector",
            "code",
            "parent",
            "dissolved_on",
        )


class OrganizationFilter(filters.FilterSet):
    parent = filters.CharFilter(method="below", label="上级党组织的 public_id")
    search = filters.CharFilter(method="named", label="名称或简称，空格分开的每个词都要有")

    class Meta:
        model = Organization
        fields = ("kind", "sector")

    def below(self, queryset: QuerySet[Organization], name: str, value: str) -> QuerySet[Organization]:
        return queryset.filter(parent=value)

    def named(self, queryset: QuerySet[Organization], name: str, value: str) -> QuerySet[Organization]:
        for word in clean_text(value).split():
            queryset = queryset.filter(Q(name__icontains=word) | Q(short_name__icontains=word))
        return queryset


class _Organizations(generics.GenericAPIView[Organization]):
    serializer_class = OrganizationSerializer
    queryset = Organization.objects.none()

    def get_queryset(self) -> QuerySet[Organization]:
        visible = Organization.objects.visible_to(self.request.user)
        # The parent is named only where the caller could open it.
        above = visible.filter(
            path=Substr(OuterRef("path"), 1, Length(OuterRef("path")) - Organization.steplen)
        ).order_by()
        return visible.annotate(parent=Subquery(above.values("public_id")[:1]))


class OrganizationList(_Organizations, generics.ListAPIView[Organization]):
    """Organizations in the caller's scope, in tree order."""

    filterset_class = OrganizationFilter
    ordering = ("path",)


class OrganizationDetail(_Organizations, generics.RetrieveAPIView[Organization]):
    lookup_field = "public_id"


urlpatterns = [
    path("auth/token/", TokenView.as_view(), name="token"),
    path("auth/token/own/", OwnTokenView.as_view(), name="own_token"),
    path("me/", MeView.as_view(), name="me"),
    path("organizations/", OrganizationList.as_view(), name="organizations"),
    path("organizations/<slug:public_id>/", OrganizationDetail.as_view(), name="organization"),
]
