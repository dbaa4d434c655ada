"""Explains in one sentence why a download failed."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Literal

from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,  # of httpx or httpx2, whichever this release of huggingface_hub speaks through
    OfflineModeIsEnabled,
)

logger = logging.getLogger(__name__)

State = Literal["waiting", "downloading", "done", "refused", "cut off"]


class DownloadError(Exception):
    def __init__(self, state: State, reason: str) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason


def explained(error: Exception, repo_id: str, endpoint: str) -> DownloadError:
    """Turn whatever went wrong into a state and a sentence."""
    match error:
        case DownloadError():
            return error
        case OfflineModeIsEnabled():
            reason = f"{repo_id} was not fetched because HF_HUB_OFFLINE switches the Hub off."
        case GatedRepoError():
            reason = f"The Hub gives {repo_id} only to those who accepted its terms there and set HF_TOKEN."
        case HfHubHTTPError() if error.response.status_code in {401, 404}:  # the Hub hides which
            reason = f"The Hub at {endpoint} has no public repo {repo_id}."
        case HfHubHTTPError():
            reason = f"The Hub at {endpoint} answered HTTP {error.response.status_code} for {repo_id}."
        case HTTPError():
            reason = f"The Hub at {endpoint} cannot be reached, so {repo_id} was not fetched."
        case OSError():
            why = error.strerror or error
            sentence = f"{repo_id} cannot be written to the disk ({why}): set HF_HOME to a folder with room."
            return DownloadError("cut off", sentence)
        case ValueError():  # no JSON, or facts left out: a proxy's or a hotel's page
            reason = f"What answers at {endpoint} is not a Hub, so {repo_id} was not fetched."
        case _:
            logger.error("Unforeseen failure of a download", exc_info=error)
            reason = f"{repo_id} was not fetched; the log says why."
    return DownloadError("refused", reason)


def is_refusal(error: HTTPError) -> bool:
    """Whether asking once more is no use."""
    if not isinstance(error, HfHubHTTPError):
        return False
    status = error.response.status_code
    busy = status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
    return status < HTTPStatus.INTERNAL_SERVER_ERROR and not busy
