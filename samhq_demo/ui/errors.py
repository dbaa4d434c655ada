"""The edge, where the core's errors become Gradio's.

A bad request is one sentence to whoever sent it and one line in the log. A fault of the server is logged with
its traceback, and the answer only says whose fault it was.
"""

import errno
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio.components.api_component import Api
from gradio.exceptions import ComponentProcessingError, InvalidPathError
from gradio.utils import get_function_params

from samhq_demo.measures import REQUESTS
from samhq_demo.parsing import printable
from samhq_demo.ui.request_ids import answering, current_id
from samhq_demo.ui.uploads import NOT_UPLOADED, is_web_address, without_own_address

logger = logging.getLogger(__name__)

SERVER_FAULT = "The server failed at this, through no fault of the request: its log says why at request={id}."
DISK_FULL = "The server's disk is full: try again in a while. What you have on the page is kept."
# Enough for any sentence of ours; messages of libraries can be pages long.
MAX_MESSAGE_LENGTH = 400


class ServerFaultError(gr.Error):
    """A fault of the server, told with the id at which the log has it."""

    def __init__(self) -> None:
        super().__init__(SERVER_FAULT.format(id=current_id()), print_exception=False)


@contextmanager
def gradio_errors(doing: str, *, is_step: bool = False) -> Iterator[None]:
    """Turn what a handler raises into `gr.Error`, and count how it ended; a `with` block or a decorator.

    Args:
        doing: what failed, for the log and the counts, such as "/compare".
        is_step: another step follows, and is counted instead of this one where this one does not fail.

    Raises:
        gr.Error: with the sentence of a `ValueError`, or with SERVER_FAULT for any other exception.
    """
    try:
        yield
    except ServerFaultError:  # from a block inside, which has told and counted it
        raise
    except Exception as error:
        raise _told(doing, error) from error
    else:
        if not is_step:
            REQUESTS.labels(doing, "answered").inc()


def _told(doing: str, error: Exception) -> gr.Error:
    """What whoever asked is told of an error, once it is logged and counted."""
    if isinstance(error, gr.Error):
        # From ZeroGPU, for instance, when a visitor's quota is used up. Some of its messages are HTML by
        # their letters, and say the same in words as a string.
        return _refusal(doing, str(error.message), title=error.title)
    if is_disk_full(error):
        return _refusal(doing, DISK_FULL)
    if isinstance(error, ValueError):
        return _refusal(doing, str(error))
    return _fault(doing, error)


def _fault(doing: str, error: Exception) -> ServerFaultError:
    logger.error("%s failed", doing, exc_info=error)
    REQUESTS.labels(doing, "failed").inc()
    return ServerFaultError()


def is_disk_full(error: BaseException) -> bool:
    """Whether a file could not be written for want of room, or of the room that this user may take."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def guard_inputs(blocks: gr.Blocks) -> None:
    """Have what Gradio itself finds wrong with inputs answered and logged as the handlers' own refusals are.

    Gradio looks at files and counts inputs before any handler runs. What it raises there would be printed
    with a traceback, and answered with no reason at all. It has no hook for this, hence the replaced method.
    It would also fetch what is named by its address, this server's own files too, which MCP names so; with
    no limit, and once for all time. So such files lose the mark that makes Gradio do it: the endpoints
    fetch for themselves, see `fetching`, and the page, which uploads all that it has, is refused them. And
    it would want every input of a bare request, {"data": [...]}, so that each new one would break the
    requests of before: those left out at the end get their defaults, as in a request by name.
    """
    preprocess = blocks.preprocess_data

    async def guarded(block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> list[Any]:
        with gradio_errors(_address(block_fn), is_step=True):
            inputs = _with_defaults(block_fn, inputs)
            try:
                inputs = [without_own_address(value) for value in inputs]
                is_api = all(isinstance(one, Api) for one in block_fn.inputs)
                inputs = [_without_web_files(value, may_name=is_api) for value in inputs]
                return await preprocess(block_fn, inputs, *args, **kwargs)
            except gr.Error:
                raise
            except Exception as error:
                raise ValueError(_input_fault(error)) from error

    blocks.preprocess_data = guarded  # type: ignore[method-assign]


def guard_calls(blocks: gr.Blocks) -> None:
    """Have each call of an event or endpoint known by its request's id, and a fault around it told with that.

    What fails before or after a handler, in Gradio's own part, would be printed and answered with no reason.
    """
    process = blocks.process_api

    async def guarded(block_fn: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        asked = blocks.fns[block_fn] if isinstance(block_fn, int) else block_fn
        with answering(kwargs.get("request")):
            try:
                return await process(block_fn, *args, **kwargs)
            except gr.Error:
                raise
            except Exception as error:
                raise _fault(_address(asked), error) from error

    blocks.process_api = guarded  # type: ignore[method-assign]


def _address(block_fn: Any) -> str:
    return f"/{block_fn.api_name or block_fn.name}"


def _without_web_files(value: Any, *, may_name: bool) -> Any:
    """The same without Gradio's mark at files that are named by a URL; ValueError where none may be."""
    if isinstance(value, Mapping):
        if is_web_address(value.get("path")):
            if not may_name:
                raise ValueError("a file of the page is an upload and no URL")
            value = {key: item for key, item in value.items() if key != "meta"}
        return {key: _without_web_files(item, may_name=may_name) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_web_files(item, may_name=may_name) for item in value]
    return value


def _with_defaults(block_fn: Any, inputs: list[Any]) -> list[Any]:
    """All inputs of an endpoint; ValueError where one that has no default is left out."""
    # The page sends all of its inputs, and a handler's defaults there need not be what a component sends.
    if len(inputs) >= len(block_fn.inputs) or not all(isinstance(one, Api) for one in block_fn.inputs):
        return inputs
    parameters = get_function_params(block_fn.fn)
    left_out = parameters[len(inputs) :]
    for name, has_default, _, _ in left_out:
        if not has_default:
            required = " and ".join(name for name, has_default, _, _ in parameters if not has_default)
            raise ValueError(f"The input {name} is missing: give at least {required}.")
    return [*inputs, *(default for _, _, default, _ in left_out)]


def _refusal(doing: str, message: str, *, title: str = "Error") -> gr.Error:
    # One line, whatever the request put into it: a log must not be forged with line breaks.
    sentence = printable(message)
    if len(sentence) > MAX_MESSAGE_LENGTH:
        sentence = sentence[: MAX_MESSAGE_LENGTH - 1] + "…"
    logger.warning("%s refused: %s", doing, sentence)
    REQUESTS.labels(doing, "refused").inc()
    return gr.Error(sentence, title=title, print_exception=False)


def _input_fault(error: Exception) -> str:
    if isinstance(error, InvalidPathError):
        # Its own message spells out where the server's folders are.
        return f"A path among the inputs {NOT_UPLOADED}"
    if isinstance(error, ComponentProcessingError) and error.__cause__ is not None:
        error = error.__cause__  # type: ignore[assignment]
    message = str(error).partition("\n")[0].rstrip(".")
    if not message or isinstance(error, (AttributeError, KeyError, TypeError)):
        message = "one of them has not the right form"
    return (
        f"The inputs could not be read ({message}): give every input a value, "
        "and a file as an upload or as a public http or https address."
    )
