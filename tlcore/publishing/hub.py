"""A repository of the Hugging Face Hub, by its own client.

It knows the client's few calls and words for its faults. It does not know what is published.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from tlcore.errors import ExportError

EXTRA = "`pip install huggingface-hub` adds it."


def push(folder: Path, repository: str, *, message: str, public: bool = False) -> str:
    """Put the files of a folder into a repository as one commit, and give its address.

    A repository that is not there is made, private unless `public`; what else is in it stays. The address of the Hub is
    `HF_ENDPOINT`'s where that is set, the token is `HF_TOKEN`'s or that of `hf auth login`.

    Raises:
        ExportError: The client is not installed, the name is none, or the Hub refuses or does not answer.
    """
    if importlib.util.find_spec("huggingface_hub") is None:
        raise ExportError(f"The client of the Hugging Face Hub is needed, and it is not installed. {EXTRA}")
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError  # type: ignore[attr-defined]

    client = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, library_name="graft")
    try:
        made = client.create_repo(repository, private=not public, exist_ok=True)
        client.upload_folder(repo_id=made.repo_id, folder_path=folder, commit_message=message)
    except HFValidationError as error:
        raise ExportError(
            f"The name of a repository is needed, `owner/name`. Received '{repository}': {_said(error)}"
        ) from error
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", 0)
        then = "Log in with `hf auth login`, or set HF_TOKEN to a token that may write." if status in {401, 403} else ""
        raise ExportError(f"The Hub refused to take {repository}: {_said(error)} {then}".rstrip()) from error
    # No connection; a file that is gone; and what the client itself raises where a large file does not arrive.
    except (HTTPError, OSError, ValueError, RuntimeError) as error:
        raise ExportError(f"{repository} could not be sent to {client.endpoint}: {_said(error)}") from error
    return str(made)


def _said(error: Exception) -> str:
    """The first sentence of what the client says; it goes on for lines."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{(lines or [type(error).__name__])[0].rstrip('.')}."
