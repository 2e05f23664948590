"""Login, logout and the change of one's password."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from common.actors import Actor
from common.errors import ActionError
from common.forms import add_action_error
from organizations.actions import change_password
from organizations.forms import LoginForm, NewPasswordForm


class Login(auth_views.LoginView):
    """`next` is followed only within this site."""

    template_name = "organizations/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(asked_for_login=bool(self.get_redirect_url()), **kwargs)


# A second press of "log out", or one after the idle limit, ends at the public home and not at the login page.
@method_decorator(login_not_required, name="dispatch")
class Logout(auth_views.LogoutView):
    """By POST only."""


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    user = request.user
    form = NewPasswordForm(user, request.POST or None)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid():
        try:
            changed = change_password(
                user=user,  # type: ignore[arg-type]
                password=form.cleaned_data["new_password1"],
                by=Actor.from_request(request),
            )
        except ActionError as error:
            add_action_error(form, error)
        else:
            update_session_auth_hash(request, changed)
            messages.success(request, "密码已修改，其他设备上的登录已退出。")
            return redirect("workspace:desk")
    return render(request, "organizations/password.html", {"form": form})
