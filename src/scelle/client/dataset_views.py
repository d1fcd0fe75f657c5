"""The recipient's check of a typed dataset: a wider view must carry the leave of a DPO of the sender."""

from scelle.client.dpo import DpoStatementError, check_cosign
from scelle.client.session import Session
from scelle.exchange.acts import Cover
from scelle.exchange.errors import ManifestWrongError
from scelle.exchange.freeze import dpo_desk
from scelle.exchange.manifest import Manifest

INDEX_VIEW = "index"
"""What the manifest of a subject index names as its view."""


def check_view(session: Session, cover: Cover, manifest: Manifest) -> None:
    """Check that the view of a dataset is one of the narrow ones that come with Scellé, or allowed by a DPO.

    A subject index is only taken at the desk of the sender's own officers. Raises ManifestWrongError,
    DpoStatementError and the errors of statements.
    """
    if manifest.dataset is None or manifest.view is None:
        return
    if manifest.view == INDEX_VIEW:
        if cover.desks != (dpo_desk(cover.organisation),):
            raise ManifestWrongError(why="a subject index for another organisation")
        return
    from scelle.records.policy import load_policies

    policy = load_policies().get(manifest.view)
    if policy is not None and not policy.needs_cosign:
        return
    if manifest.cosign is None:
        raise ManifestWrongError(why="a wider view without the leave of a data-protection officer")
    statement = check_cosign(
        manifest.cosign,
        session.directory,
        origin=session.trust.origin,
        organisation=cover.organisation,
        dataset=manifest.dataset,
        view=manifest.view,
        desks=cover.desks,
        now=cover.time,  # it was in force when the transfer was signed
    )
    if statement.act.legal_basis != manifest.legal_basis:
        raise DpoStatementError(why="made for another legal basis")
