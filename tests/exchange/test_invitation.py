import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scelle.base.errors import CallerError, Exit, MalformedError
from scelle.base.ids import Digest, OrgId
from scelle.exchange.errors import InvitationMalformedError, InvitationMistypedError, InvitationTruncatedError
from scelle.exchange.invitation import Invitation, InvitationKind, encode_invitation, parse_invitation

INVITATION = Invitation(InvitationKind.MEMBER, OrgId("ap-hp"), bytes(range(32)), Digest(bytes(range(100, 132))))
CODE = encode_invitation(INVITATION)


@given(
    st.sampled_from(InvitationKind),
    st.from_regex(r"[a-z][a-z0-9]{1,38}", fullmatch=True),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
)
def test_both_directions(kind: InvitationKind, org: str, seed: bytes, anchor: bytes) -> None:
    invitation = Invitation(kind, OrgId(org), seed, Digest(anchor))
    assert parse_invitation(encode_invitation(invitation)) == invitation


def test_the_form_of_a_code() -> None:
    assert CODE.startswith("scelle1-ai")
    assert set(CODE) <= set(string.ascii_lowercase + "1234567-")
    assert max(map(len, CODE.split("-")[1:])) == 5
    assert (
        len(encode_invitation(Invitation(InvitationKind.MEMBER, OrgId("a" * 39), bytes(32), Digest(bytes(32))))) < 250
    )


@pytest.mark.parametrize(
    "code",
    [
        CODE.upper(),
        CODE.replace("-", ""),
        CODE.replace("-", " "),
        CODE.replace("-", "\u2013"),
        CODE.replace("-", "\u00ad\r\n\t"),
        f"\ufeff  {CODE}\u00a0\n",
    ],
)
def test_what_mail_and_telephone_do_to_it(code: str) -> None:
    assert parse_invitation(code) == INVITATION


@given(st.integers(0, len(CODE) - 9), st.sampled_from(string.ascii_lowercase + "234567018é"))
def test_one_wrong_character_is_noticed(position: int, char: str) -> None:
    place = 8 + position
    typed = CODE[:place] + char + CODE[place + 1 :]
    if typed == CODE:
        return
    with pytest.raises((InvitationMistypedError, InvitationTruncatedError)) as caught:
        parse_invitation(typed)
    assert caught.value.exit_status is Exit.USAGE


def test_two_characters_exchanged() -> None:
    typed = CODE[:20] + CODE[21] + CODE[20] + CODE[22:]
    assert typed != CODE
    with pytest.raises(InvitationMistypedError):
        parse_invitation(typed)


def test_a_missing_end_is_told_from_a_typing_error() -> None:
    plain = CODE.replace("-", "")
    for missing in (1, 5, 60, len(plain) - 11):
        with pytest.raises(InvitationTruncatedError) as caught:
            parse_invitation(plain[:-missing])
        assert caught.value.facts == {"missing": missing}
    with pytest.raises(InvitationTruncatedError):
        parse_invitation("scelle1")
    with pytest.raises(InvitationMistypedError):
        parse_invitation(CODE + "a")
    with pytest.raises(InvitationMistypedError):
        parse_invitation(CODE + CODE)


@pytest.mark.parametrize("code", ["", "hello", "scelle2-aaaaa", CODE[1:], "age1pq1xyz"])
def test_not_a_code(code: str) -> None:
    with pytest.raises(InvitationMalformedError):
        parse_invitation(code)


@given(st.text(max_size=300))
def test_nothing_but_our_errors(text: str) -> None:
    for code in (text, "scelle1" + text):
        with pytest.raises(CallerError):
            parse_invitation(code)


def test_a_seed_is_never_shown_and_parts_have_their_size() -> None:
    assert repr(INVITATION.seed) not in repr(INVITATION)
    for seed, anchor in ((bytes(31), bytes(32)), (bytes(32), bytes(33))):
        with pytest.raises(MalformedError):
            Invitation(InvitationKind.MEMBER, OrgId("cnam"), seed, Digest(anchor))
    with pytest.raises(MalformedError):
        Invitation(InvitationKind.MEMBER, OrgId("CNAM"), bytes(32), Digest(bytes(32)))


def test_the_invite_key_signs() -> None:
    key = INVITATION.invite_key()
    key.public_key().verify(key.sign(b"x"), b"x")
