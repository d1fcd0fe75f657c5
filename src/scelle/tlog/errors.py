"""What can be wrong with a log, a note or a proof: one class each, so that each has its own sentence."""

from scelle.base.errors import Exit, PeerError


class LogError(PeerError):
    """Root of this room's errors: the log, or what somebody said about it, does not hold."""

    exit_status = Exit.LOG
    http_status = 422


class NoteMalformedError(LogError):
    """Bytes that are not a C2SP signed note, or a signature line that is not one. Facts: `why`."""

    code = "log.note-malformed"
    exit_status = Exit.MALFORMED
    http_status = 400


class NoteKeyMalformedError(LogError):
    """A verifier key or signer key of the signed-note format that does not parse. Facts: `why`."""

    code = "log.key-malformed"
    exit_status = Exit.MALFORMED
    http_status = 400


class SignatureMissingError(LogError):
    """No signature of a known key is on the note. Facts: `wanted` (a key name, or a number of keys)."""

    code = "log.signature-missing"
    http_status = 403


class SignatureWrongError(LogError):
    """A signature line names a known key and does not verify: the whole note is refused. Facts: `name`."""

    code = "log.signature-wrong"
    http_status = 403


class CheckpointMalformedError(LogError):
    """A note text that is not a checkpoint. Facts: `why`."""

    code = "log.checkpoint-malformed"
    exit_status = Exit.MALFORMED
    http_status = 400


class OriginMismatchError(LogError):
    """A checkpoint of another log than the one asked for. Facts: `wanted`, `found`."""

    code = "log.origin-mismatch"


class InclusionProofWrongError(LogError):
    """An inclusion proof that does not lead from the leaf to the root. Facts: `index`, `size`, `why`."""

    code = "log.inclusion-wrong"


class LogInconsistentError(LogError):
    """Two tree heads of one log that cannot both be true, or a proof that fails to link them.

    Facts: `old_size`, `new_size`, `why`.
    """

    code = "log.inconsistent"


class RootWrongError(LogError):
    """The entries of a log do not hash to the root that its checkpoint names. Facts: `size`, `why`."""

    code = "log.root-wrong"


class TileWrongError(LogError):
    """A tile or entry bundle with a wrong path, length or content. Facts: `path`, `why`."""

    code = "log.tile-wrong"


class PolicyMalformedError(LogError):
    """A trust policy file that does not parse. Facts: `line`, `why`."""

    code = "log.policy-malformed"
    exit_status = Exit.MALFORMED
    http_status = 400


class QuorumMissingError(LogError):
    """A checkpoint without the cosignatures that the policy asks for. Facts: `quorum`, `found` (witness names)."""

    code = "log.quorum-missing"


class CheckpointStaleError(LogError):
    """A checkpoint whose quorum of cosignatures is too old or dated in the future. Facts: `quorum`, `age` (s)."""

    code = "log.checkpoint-stale"


class ProofMalformedError(LogError):
    """Bytes that are not a tlog-proof file, or not an add-checkpoint request or answer. Facts: `what`, `why`."""

    code = "log.proof-malformed"
    exit_status = Exit.MALFORMED
    http_status = 400
