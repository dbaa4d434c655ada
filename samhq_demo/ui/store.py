"""Visitors' pictures: each known by a ticket, kept decoded under a bound in bytes, else read again."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PIL import Image

from samhq_demo.cache import BoundedCache
from samhq_demo.pictures import Picture, read_picture
from samhq_demo.prompts.prompt import PointXY
from samhq_demo.ui import texts
from samhq_demo.ui.served import write_once

DEFAULT_MAX_BYTES = 512 * 2**20
# Enough for every picture of a busy day; a ticket takes a few hundred bytes.
MAX_TICKETS = 20_000
# What the browser draws from: larger costs time on the way, and shows nothing more but far zoomed in.
MAX_VIEW_SIDE = 4096
_VIEW_QUALITY = 92
# A page that has asked nothing for so long can do without its file: it sends it again.
_IN_USE_SECONDS = 3600.0
_TICKET_BYTES = 16
_TICKET_ID = re.compile(r"[A-Za-z0-9_-]{22}")  # as many letters as those bytes take


class UnknownPictureError(ValueError):
    """The server was started anew, or has given out too many tickets since: its browser can send it again."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A visitor's picture: what a browser may ask about by `id`, which nobody can guess.

    Attributes:
        file: as it was sent, in the upload folder.
        name: what its sender calls it.
        view: a JPEG of the upright picture with no side over MAX_VIEW_SIDE.
        size_wh: the picture's own size.
    """

    id: str
    content_id: str
    file: Path
    name: str
    view: Path
    size_wh: tuple[int, int]

    def to_picture(self, view_xy: PointXY) -> PointXY:
        """A place in the view as picture pixels, held inside the picture."""
        places = []
        for place, shown, size in zip(view_xy, view_size(self.size_wh), self.size_wh, strict=True):
            # Just inside the far edge: a point on it is outside the picture.
            places.append(min(max(place * size / shown, 0.0), size - size / shown / 2))
        return places[0], places[1]


class PictureStore:
    """Pictures by ticket, least recently used out first. Safe under threads."""

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._tickets: OrderedDict[str, Ticket] = OrderedDict()
        self._pictures: BoundedCache[Picture] = BoundedCache(max_bytes=max_bytes)
        # By ticket, when it was last asked about.
        self._asked_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def files_in_use(self) -> set[str]:
        """The paths of the pictures that pages have open now, as far as a server can tell."""
        since = time.monotonic() - _IN_USE_SECONDS
        with self._lock:
            tickets = [self._tickets[ticket_id] for ticket_id, at in self._asked_at.items() if at > since]
        return {str(path) for ticket in tickets for path in (ticket.file, ticket.view)}

    @property
    def size_bytes(self) -> int:
        """Of the decoded pictures held now."""
        return self._pictures.nbytes

    def admit(self, file: Path, *, name: str) -> Ticket:
        """Read a file, and give out a ticket for it. Raises ValueError where it holds no picture."""
        return self._read(secrets.token_urlsafe(_TICKET_BYTES), file, name=name)

    def renew(self, ticket_id: str, file: Path, *, name: str) -> Ticket:
        """Read a file under the ticket that its browser had for it before; one that is known stays as it is.

        Who knows a ticket may ask about its picture anyway, and nobody can guess one that others will get.

        Raises:
            ValueError: the file holds no picture, or the ticket has not the form of one.
        """
        if _TICKET_ID.fullmatch(ticket_id) is None:
            raise ValueError(texts.PICTURE_GONE)
        with self._lock:
            known = self._tickets.get(ticket_id)
        if known is not None and known.file.is_file() and known.view.is_file():
            return known
        return self._read(ticket_id, file, name=name)

    def _read(self, ticket_id: str, file: Path, *, name: str) -> Ticket:
        picture = read_picture(file)
        picture, _ = self._pictures.get(picture.content_id, lambda: picture)
        view = _write_view(picture)
        return self._give_out(Ticket(ticket_id, picture.content_id, file, name, view, picture.size_wh))

    def admit_again(self, ticket: Ticket) -> Ticket | None:
        """Another ticket for the same picture, at no cost; None where one of its files is gone."""
        if not (ticket.file.is_file() and ticket.view.is_file()):
            return None
        return self._give_out(replace(ticket, id=secrets.token_urlsafe(_TICKET_BYTES)))

    def _give_out(self, ticket: Ticket) -> Ticket:
        with self._lock:
            self._tickets[ticket.id] = ticket
            self._asked_at[ticket.id] = time.monotonic()
            while len(self._tickets) > MAX_TICKETS:
                oldest, _ = self._tickets.popitem(last=False)
                del self._asked_at[oldest]
        return ticket

    def ticket(self, ticket_id: str) -> Ticket:
        """Raises UnknownPictureError where the server knows the picture no more."""
        with self._lock:
            found = self._tickets.get(ticket_id)
            if found is None:
                raise UnknownPictureError(texts.PICTURE_GONE)
            self._tickets.move_to_end(ticket_id)
            self._asked_at[ticket_id] = time.monotonic()
            return found

    def picture(self, ticket_id: str) -> Picture:
        """Raises UnknownPictureError where the server knows it no more, or has neither pixels nor file."""
        ticket = self.ticket(ticket_id)
        try:
            return self._pictures.get(ticket.content_id, lambda: read_picture(ticket.file))[0]
        except ValueError as error:
            if ticket.file.is_file():
                raise
            raise UnknownPictureError(str(error)) from error


def view_size(size_wh: tuple[int, int]) -> tuple[int, int]:
    """The (width, height) of the view of a picture of `size_wh`."""
    scale = min(1.0, MAX_VIEW_SIDE / max(size_wh))
    return max(1, round(size_wh[0] * scale)), max(1, round(size_wh[1] * scale))


def _write_view(picture: Picture) -> Path:
    image = Image.fromarray(picture.pixels)
    shown_wh = view_size(picture.size_wh)
    if shown_wh != picture.size_wh:
        image = image.resize(shown_wh, Image.Resampling.BICUBIC, reducing_gap=2.0)
    # Full color resolution: thin colored lines are what one looks at here.
    return write_once("view.jpg", partial(image.save, quality=_VIEW_QUALITY, subsampling=0))
