"""Staff tokens: only what the issuer signed, only for the time it said."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OctKey, OKPKey
from starlette.requests import Request

from contracts.identifiers import MerchantId
from contracts.roles import Role
from services.kit.tokens import StaffTokens, TokenError, bearer_token, generate_staff_keys, issue_staff_token

PRIVATE, PUBLIC = generate_staff_keys()


def _token(private_key: str = PRIVATE, **changes: Any) -> str:
    options: dict[str, Any] = {"staff_id": "sam", "roles": [Role.SUPERVISOR], "merchants": ["demo-shop"], "lifetime": timedelta(hours=1)}
    return issue_staff_token(private_key, **(options | changes))


def test_a_token_gives_who_in_which_roles_for_which_merchants() -> None:
    principal = StaffTokens(PUBLIC).verify(_token())
    assert (principal.staff_id, principal.roles) == ("sam", frozenset({Role.SUPERVISOR}))
    assert principal.may_see(MerchantId("demo-shop"))
    assert not principal.may_see(MerchantId("other"))
    assert principal.has_any(Role.FINANCE, Role.SUPERVISOR)
    assert not principal.has_any(Role.FINANCE)


def test_a_token_may_be_for_all_merchants() -> None:
    assert StaffTokens(PUBLIC).verify(_token(merchants=["*"])).may_see(MerchantId("any"))


def test_the_older_name_of_the_algorithm_is_accepted() -> None:
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "d": PRIVATE, "x": PUBLIC})
    claims = {"sub": "sam", "roles": ["agent"], "merchants": ["*"], "iat": 1, "exp": 4_000_000_000}
    with pytest.warns(SecurityWarning):
        token = jwt.encode({"alg": "EdDSA"}, claims, key, algorithms=["EdDSA"])
    assert StaffTokens(PUBLIC).verify(token).roles == {Role.AGENT}


def _with_header(header: dict[str, str]) -> str:
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return ".".join([encoded, *_token().split(".")[1:]])


FORGED = {
    "another key": _token(generate_staff_keys()[0]),
    "expired": _token(lifetime=timedelta(hours=-1)),
    "changed": _token()[:-10] + "AAAAAAAAAA",
    "no signature": _with_header({"alg": "none"}).rsplit(".", 1)[0] + ".",
    "alg none": _with_header({"alg": "none"}),
    "symmetric": jwt.encode({"alg": "HS256"}, {"sub": "sam"}, OctKey.import_key(PUBLIC.ljust(64, "x")), algorithms=["HS256"]),
    "nonsense": "nonsense",
    "empty": "",
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_anything_else_is_refused(forged: str) -> None:
    with pytest.raises(TokenError) as refused:
        StaffTokens(PUBLIC).verify(forged)
    assert refused.value.status == 401


def test_roles_that_are_not_staffs_give_nothing() -> None:
    assert StaffTokens(PUBLIC).verify(_token(roles=[Role.CUSTOMER, Role.FINANCE])).roles == {Role.FINANCE}


@pytest.mark.parametrize("key", ["", "short", "-----BEGIN PUBLIC KEY-----\nxx\n-----END PUBLIC KEY-----", "!" * 43])
def test_a_wrong_public_key_is_told_at_start(key: str) -> None:
    with pytest.raises(ValueError, match="staff public key"):
        StaffTokens(key)


def _request(authorization: str | None) -> Request:
    headers = [(b"authorization", authorization.encode())] if authorization is not None else []
    return Request({"type": "http", "headers": headers})


def test_the_bearer_token_is_taken_from_its_header() -> None:
    assert bearer_token(_request("Bearer abc")) == "abc"
    for header in (None, "", "Bearer", "Bearer ", "Basic abc"):
        with pytest.raises(TokenError):
            bearer_token(_request(header))
