"""A staff token opens the door under either name of its algorithm (RFC 8037, RFC 9864)."""

import time
import warnings
from datetime import timedelta
from typing import Any, cast

import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey

from contracts.identifiers import MerchantId
from contracts.roles import Role
from services.intake.adapters.case_tokens import JwtCaseTokens
from services.intake.api_callers import Doorman
from services.intake.domain.callers import StaffCaller
from services.kit.tokens import StaffTokens, generate_staff_keys, issue_staff_token


def a_doorman(public_key: str) -> Doorman:
    return Doorman(cast("Any", None), StaffTokens(public_key), JwtCaseTokens(b"k" * 32))


@pytest.mark.parametrize("algorithm", ["Ed25519", "EdDSA"])
def test_a_staff_token_is_known_by_both_names_of_its_algorithm(algorithm: str) -> None:
    private, public = generate_staff_keys()
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "d": private, "x": public})
    now = int(time.time())
    claims = {"sub": "sam", "roles": ["agent"], "merchants": ["shop"], "iat": now, "exp": now + 60}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        token = jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm])
    assert a_doorman(public).find(token) == StaffCaller("sam", frozenset({Role.AGENT}), frozenset({MerchantId("shop")}))


def test_a_staff_token_of_another_issuer_is_refused() -> None:
    private, _public = generate_staff_keys()
    token = issue_staff_token(private, staff_id="eve", roles=[Role.AGENT], merchants=["shop"], lifetime=timedelta(minutes=1))
    with pytest.raises(Exception, match="not valid"):
        a_doorman(generate_staff_keys()[1]).find(token)
