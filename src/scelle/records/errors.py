"""What can go wrong with profiles, reference data and generated populations."""

from scelle.base.errors import CallerError, Exit


class ProfileUnknownError(CallerError):
    """No profile of that name, and no readable file at that path. Facts: `profile`, `known`."""

    code = "profile.unknown"
    exit_status = Exit.NOT_FOUND
    http_status = 404


class ProfileMalformedError(CallerError):
    """A profile file does not say what a profile must. Facts: `file`, `line` (0: no line), `key`, `why`."""

    code = "profile.malformed"
    exit_status = Exit.MALFORMED
    http_status = 400


class ReferenceDamagedError(CallerError):
    """A reference data file of this installation is missing or cannot be read. Facts: `file`."""

    code = "reference.damaged"
    exit_status = Exit.STORAGE
    http_status = 500


class PopulationError(CallerError):
    """A synthetic population cannot be made as asked. Facts: `what`, `why`."""

    code = "population.refused"
    exit_status = Exit.USAGE
    http_status = 400
