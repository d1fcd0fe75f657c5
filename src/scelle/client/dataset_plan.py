"""Who gets which view of a dataset: desks with their policies, agencies found in the directory, leave by a DPO.

Desks of one organisation that get the same view share one transfer (spec/records.md, "Sending").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scelle.base.errors import CallerError, Exit
from scelle.base.ids import DeskId, OrgId, desk_org
from scelle.client.dpo import DpoStatementError, check_cosign
from scelle.client.session import Session
from scelle.exchange.errors import DeskEmptyError
from scelle.records.policy import Policy, policy_named
from scelle.records.profile import Profile
from scelle.records.reference import Reference
from scelle.records.view import Format, Recipient, ViewError

ROUTED_DESK = "cases"
"""Desk of a regional agency that gets its cases, when it has several desks."""


class CosignMissingError(CallerError):
    """A wider view needs a coded legal basis and the leave of a data-protection officer. Facts: `view`, `desk`."""

    code = "view.cosign-missing"
    exit_status = Exit.REFUSED
    http_status = 403


class NobodyReachableError(CallerError):
    """No regional agency can be sent to. Facts: none."""

    code = "dataset.nobody"
    exit_status = Exit.NOT_FOUND
    http_status = 404


@dataclass(frozen=True)
class Target:
    """Desks of one organisation that share a copy."""

    desks: tuple[DeskId, ...]
    recipient: Recipient
    policy: Policy

    @property
    def organisation(self) -> OrgId:
        """Whose desks they are."""
        return desk_org(self.desks[0])


@dataclass(frozen=True)
class Plan:
    """Every copy to make. `unreached`: regional agencies that routing wanted and the directory has no way to."""

    targets: tuple[Target, ...]
    unreached: tuple[str, ...] = ()


def plan(
    session: Session,
    wanted: Sequence[tuple[DeskId, str | None]],
    *,
    routed: bool,
    profile: Profile,
    reference: Reference,
    policies: Mapping[str, Policy],
    form: Format,
    bom: bool,
) -> Plan:
    """The copies for the desks that were named (with a policy, or that of their kind) and, `routed`, all agencies.

    Raises PolicyUnknownError, ViewError, NobodyReachableError.
    """
    agencies = tuple(reference.agencies["id"].sort())
    chosen: dict[DeskId, str] = {}
    for desk, policy in wanted:
        if desk in chosen:
            raise ViewError(desk=desk, what=policy or "-", why="the desk is named twice")
        chosen[desk] = policy or ("agency" if desk_org(desk) in agencies else "insurer")
    unreached: list[str] = []
    if routed:
        for agency in agencies:
            if any(desk_org(desk) == agency and policy == "agency" for desk, policy in chosen.items()):
                continue
            found = _desk_of(session, OrgId(agency))
            if found is None:
                unreached.append(agency)
            else:
                chosen.setdefault(found, "agency")
    if not chosen:
        raise NobodyReachableError
    shared: dict[tuple[OrgId, str], list[DeskId]] = {}
    for desk, policy in chosen.items():
        shared.setdefault((desk_org(desk), policy), []).append(desk)
    targets = []
    for (organisation, name), desks in shared.items():
        view = policy_named(policies, name)
        agency = organisation if organisation in agencies else None
        recipient = Recipient(desks[0], name, agency=agency, format=form, bom=bom)
        recipient.must_fit(view, profile, reference)
        targets.append(Target(tuple(desks), recipient, view))
    return Plan(tuple(targets), tuple(unreached))


def _desk_of(session: Session, organisation: OrgId) -> DeskId | None:
    """The desk of an agency that takes its cases, if it can be sent to now."""
    directory = session.directory
    known = directory.organisations.get(organisation)
    if known is None or not directory.accepts(organisation, session.me.organisation):
        return None
    open_ones = [desk for desk, spans in known.desks.items() if spans[-1].span.stop is None]
    cases = DeskId(f"{organisation}/{ROUTED_DESK}")
    if cases not in open_ones and len(open_ones) != 1:
        return None
    desk = cases if cases in open_ones else open_ones[0]
    try:
        directory.recipients(desk, now=session.now())
    except DeskEmptyError:
        return None
    return desk


def check_leave(
    session: Session, targets: Sequence[Target], *, dataset: str, legal_basis: str | None, cosign: bytes | None
) -> None:
    """Check that each wider view has its legal basis and the leave of a DPO of one's own organisation.

    Raises CosignMissingError, DpoStatementError and the errors of statements.
    """
    for target in targets:
        if not target.policy.needs_cosign:
            continue
        if legal_basis is None or cosign is None:
            raise CosignMissingError(view=target.policy.name, desk=target.desks[0])
        statement = check_cosign(
            cosign,
            session.directory,
            origin=session.trust.origin,
            organisation=session.me.organisation,
            dataset=dataset,
            view=target.policy.name,
            desks=target.desks,
            now=session.now(),
        )
        if statement.act.legal_basis != legal_basis:
            raise DpoStatementError(why="made for another legal basis")
