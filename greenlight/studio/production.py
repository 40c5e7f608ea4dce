"""Make what a job is for: a video of a portrait or a clip, by a sound or a motion, or a template."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import av
from pydantic import ValidationError

from greenlight.judge import Judge, UnreadablePicture
from greenlight.judge.pictures import read_picture
from greenlight.modelstudio.family import Parameters, Role
from greenlight.studio.answers import StudioError, field_required
from greenlight.studio.families.offers import Offer
from greenlight.studio.families.played import StudioFamily
from greenlight.studio.fetching import Fetched
from greenlight.studio.film import make_film, replayed, swaying
from greenlight.studio.inputs import (
    MEGABYTE,
    NO_SOUND,
    check_picture,
    check_sound,
    check_video,
    sound_too_large,
    unreadable_picture,
    unreadable_video,
    video_too_large,
)
from greenlight.studio.jobs import Job, Product, new_template_id
from greenlight.studio.workshop import Workshop
from greenlight.thumbnails.drawing import thumbnail

MAX_PICTURE_BYTES: Final = 64 * MEGABYTE
"""For families whose document states no size."""


async def produce(studio: Workshop, job: Job) -> Product:
    """Do a job's work; raise `StudioError` where the vendor would let it fail."""
    offer = studio.offer(job.model)
    studio_family = offer.studio_family
    if offer.model.kind == "template":
        return await _make_template(studio, job, offer)
    parameters = _parameters(studio_family, job.parameters)
    order = Order(job, studio_family, parameters)
    if studio_family.family.template is not None:
        seconds, video = await _film_to_template(studio, order)
    elif studio_family.family.driven_by is Role.MOTION:
        seconds, video = await _film_to_motion(studio, order)
    else:
        seconds, video = await _film_to_sound(studio, order)
    usage = studio_family.usage(order.body, seconds)
    price = Decimal(0)
    if not offer.is_deployment:
        ratio = usage.get("video_ratio") if studio_family.family.ratios else None
        price = studio_family.family.price_per_second_cny(parameters, ratio)
    return Product(usage, seconds, price * Decimal(str(seconds)), video=video)


def required_text(values: Mapping[str, Any], name: str) -> str:
    """Return a field of a body's `input`; raise the vendor's error if it is missing."""
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise field_required(f"input.{name}")
    return value


def picture_too_large(studio_family: StudioFamily) -> tuple[int, StudioError]:
    """Return how many bytes of a picture are fetched at most, and the error of more."""
    most = studio_family.family.picture.below_bytes or MAX_PICTURE_BYTES
    code = studio_family.code("picture_bytes")
    return most, StudioError(code, f"Invalid file size: it must be below {most // MEGABYTE}MB.")


def _parameters(studio_family: StudioFamily, given: Mapping[str, Any]) -> Parameters:
    known = studio_family.family.parameters.model_fields
    ours = {name: given[name] for name in known if given.get(name) is not None}
    try:
        return studio_family.family.parameters.model_validate(ours)
    except ValidationError as error:
        first = error.errors()[0]
        must = first["msg"].replace("Input should be", "must be").replace("'", "")
        field = ".".join(str(part) for part in first["loc"])
        raise StudioError(studio_family.code("parameter"), f"parameters.{field} {must}") from None


async def _make_template(studio: Workshop, job: Job, offer: Offer) -> Product:
    template = offer.studio_family.family.template
    if template is None:
        raise TypeError(f"{offer.model.id} makes templates, but its family has none")
    seconds = round(await _motion_seconds(studio, job, offer.studio_family, template.field), 2)
    price = Decimal(0) if offer.is_deployment else offer.model.prices_cny[""]
    return Product(
        offer.studio_family.usage(job.body, seconds),
        seconds,
        price * Decimal(str(seconds)),
        template_id=new_template_id(),
    )


async def _film_to_sound(studio: Workshop, order: Order) -> tuple[float, str]:
    job, studio_family = order.job, order.studio_family
    limits = studio_family.family.sound
    if limits is None:
        raise TypeError(f"{studio_family.family.name} has neither a template nor sound limits")
    required_text(job.input, studio_family.field(studio_family.family.subject))
    field = studio_family.field(Role.SOUND)
    async with studio.input_file(
        required_text(job.input, field),
        job.model,
        studio_family,
        max_bytes=limits.max_bytes,
        too_large=sound_too_large(limits),
    ) as sound:
        studio.jobs.note_digest(job.task_id, field, sound.sha256)
        seconds = await studio.filming(lambda: check_sound(sound.path, limits, studio_family))
        return await _film(studio, order, {Role.SOUND: seconds}, sound.path)


async def _film_to_motion(studio: Workshop, order: Order) -> tuple[float, str]:
    field = order.studio_family.field(Role.MOTION)
    seconds = await _motion_seconds(studio, order.job, order.studio_family, field)
    return await _film(studio, order, {Role.MOTION: seconds}, None)


async def _motion_seconds(
    studio: Workshop, job: Job, studio_family: StudioFamily, field: str
) -> float:
    """Fetch the motion of a job's field, refuse one that the family does not take, return its length."""
    limits = studio_family.family.motion
    if limits is None:
        raise TypeError(f"{studio_family.family.name} names no motion limits")
    async with studio.input_file(
        required_text(job.input, field),
        job.model,
        studio_family,
        max_bytes=limits.max_bytes,
        too_large=video_too_large(limits),
    ) as fetched:
        studio.jobs.note_digest(job.task_id, field, fetched.sha256)
        motion = await studio.filming(lambda: check_video(fetched.path, limits))
    return motion.seconds


async def _film_to_template(studio: Workshop, order: Order) -> tuple[float, str]:
    template_id = required_text(order.job.input, "template_id")
    seconds = studio.jobs.template_seconds(template_id)
    if seconds is None:
        raise StudioError("InvalidFile.Template.Content", "The template does not exist.")
    return await _film(studio, order, {Role.MOTION: seconds}, None)


async def _film(
    studio: Workshop, order: Order, seconds: Mapping[Role, float], sound: Path | None
) -> tuple[float, str]:
    """Make a film of the subject and what drives it, whose lengths are given by their roles."""
    async with _subject_file(studio, order) as subject:
        seen = await studio.judging(_examine, studio.judge, order, subject.path)
        studio.request_log.add_thumbnail(subject.sha256, seen.jpeg)
        video = f"{uuid4().hex}.mp4"
        lengths = {**seconds, **({} if seen.seconds is None else {Role.CLIP: seen.seconds})}
        length = order.studio_family.family.length_seconds(order.parameters, lengths)
        shot = Shot(order, subject.path, seen.size_px, sound, round(length, 2))
        stopped = threading.Event()
        try:
            await studio.filming(lambda: shot.take(studio.files.result(video), stopped))
        finally:
            # A thread cannot be canceled; it sees this at its next frame.
            stopped.set()
    return shot.seconds, video


@asynccontextmanager
async def _subject_file(studio: Workshop, order: Order) -> AsyncIterator[Fetched]:
    """Lend the file of who is filmed, and note what it is."""
    job, studio_family = order.job, order.studio_family
    field = studio_family.field(studio_family.family.subject)
    most, too_large = picture_too_large(studio_family)
    if studio_family.films_clips:
        limits = studio_family.family.clip
        most, too_large = limits.max_bytes, video_too_large(limits)
    async with studio.input_file(
        required_text(job.input, field),
        job.model,
        studio_family,
        max_bytes=most,
        too_large=too_large,
    ) as subject:
        studio.jobs.note_digest(job.task_id, field, subject.sha256)
        yield subject


@dataclass(frozen=True, slots=True)
class Seen:
    """A subject as the video model finds it."""

    size_px: tuple[int, int]
    jpeg: bytes
    seconds: float | None = None
    """Of a clip."""


def _examine(judge: Judge, order: Order, subject: Path) -> Seen:
    """Refuse a picture or a clip as the video model would; of a clip one frame is looked at."""
    studio_family = order.studio_family
    seconds = None
    if studio_family.films_clips:
        clip = check_video(subject, studio_family.family.clip)
        size, seconds, unreadable = clip.size_px, clip.seconds, unreadable_video()
    else:
        size, unreadable = check_picture(subject, studio_family), unreadable_picture(studio_family)
    if complaint := studio_family.complaint(order.body, size):
        raise StudioError("InvalidParameter", complaint)
    try:
        if studio_family.looks_again:
            output = studio_family.answer(judge.look_at(subject), {})
            if not output.get("check_pass", output.get("pass")):
                raise StudioError(studio_family.code("no_person"), "No human face detected.")
        return Seen(size, thumbnail(subject), seconds)
    except UnreadablePicture:
        raise unreadable from None


@dataclass(frozen=True, slots=True)
class Order:
    """A job of a video model, read: it has every parameter, filled in where none was given."""

    job: Job
    studio_family: StudioFamily
    parameters: Parameters

    @property
    def body(self) -> Mapping[str, Any]:
        """Return what the studio's families read."""
        return {"input": self.job.input, "parameters": self.parameters.model_dump()}


@dataclass(frozen=True, slots=True)
class Shot:
    """Everything that one film is made of."""

    order: Order
    subject: Path
    size_px: tuple[int, int]
    sound: Path | None
    seconds: float

    def take(self, path: Path, stopped: threading.Event) -> None:
        """Make the film; it appears at `path` whole or not at all."""
        size = self.order.studio_family.video_size(self.order.body, self.size_px)
        part = path.with_suffix(".part")
        try:
            make_film(
                self._frames(size),
                part,
                size=size,
                seconds=self.seconds,
                sound=self.sound,
                is_stopped=stopped.is_set,
            )
            part.rename(path)
        except av.error.FFmpegError:
            raise StudioError("InvalidURL", NO_SOUND) from None
        finally:
            part.unlink(missing_ok=True)

    def _frames(self, size: tuple[int, int]) -> Iterator[av.VideoFrame]:
        """Return a clip's own frames, or those of a picture that sways."""
        studio_family, body = self.order.studio_family, self.order.body
        if studio_family.films_clips:
            return replayed(self.subject, size)
        image, real = read_picture(self.subject)
        if box := studio_family.filmed_part(body):
            across, down = image.width / real[0], image.height / real[1]
            left, top, right, bottom = box
            image = image.crop(
                (
                    round(left * across),
                    round(top * down),
                    round(right * across),
                    round(bottom * down),
                )
            )
        return swaying(image, size)
