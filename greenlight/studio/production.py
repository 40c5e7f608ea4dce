"""Make what a job is for: a video of a portrait and a sound, of a portrait and a template, or a template."""

from __future__ import annotations

import threading
from collections.abc import Mapping
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
from greenlight.studio.film import make_film
from greenlight.studio.inputs import (
    MEGABYTE,
    NO_SOUND,
    check_motion,
    check_picture,
    check_sound,
    motion_too_large,
    sound_too_large,
    unreadable_picture,
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
    order = Order(job, studio_family, {"input": job.input, "parameters": parameters.model_dump()})
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
    required_text(job.input, "image_url")
    async with studio.input_file(
        required_text(job.input, "audio_url"),
        job.model,
        studio_family,
        max_bytes=limits.max_bytes,
        too_large=sound_too_large(limits),
    ) as sound:
        studio.jobs.note_digest(job.task_id, "audio_url", sound.sha256)
        seconds = await studio.filming(lambda: check_sound(sound.path, limits, studio_family))
        return await _film(studio, order, seconds, sound.path)


async def _film_to_motion(studio: Workshop, order: Order) -> tuple[float, str]:
    taken = order.studio_family.family.input_of(Role.MOTION)
    if taken is None:
        raise TypeError(f"{order.studio_family.family.name} has neither a sound nor a motion")
    seconds = await _motion_seconds(studio, order.job, order.studio_family, taken.field)
    return await _film(studio, order, seconds, None)


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
        too_large=motion_too_large(limits),
    ) as fetched:
        studio.jobs.note_digest(job.task_id, field, fetched.sha256)
        motion = await studio.filming(lambda: check_motion(fetched.path, limits))
    return motion.seconds


async def _film_to_template(studio: Workshop, order: Order) -> tuple[float, str]:
    template_id = required_text(order.job.input, "template_id")
    seconds = studio.jobs.template_seconds(template_id)
    if seconds is None:
        raise StudioError("InvalidFile.Template.Content", "The template does not exist.")
    return await _film(studio, order, seconds, None)


async def _film(
    studio: Workshop, order: Order, seconds: float, sound: Path | None
) -> tuple[float, str]:
    job = order.job
    most, too_large = picture_too_large(order.studio_family)
    url = required_text(job.input, "image_url")
    async with studio.input_file(
        url, job.model, order.studio_family, max_bytes=most, too_large=too_large
    ) as picture:
        studio.jobs.note_digest(job.task_id, "image_url", picture.sha256)
        jpeg = await studio.judging(_examine, studio.judge, order, picture.path)
        studio.tally.add_thumbnail(picture.sha256, jpeg)
        video = f"{uuid4().hex}.mp4"
        shot = Shot(order, picture.path, sound, round(seconds, 2))
        stopped = threading.Event()
        try:
            await studio.filming(lambda: shot.take(studio.shelf.result(video), stopped))
        finally:
            # A thread cannot be canceled; it sees this at its next frame.
            stopped.set()
    return shot.seconds, video


def _examine(judge: Judge, order: Order, picture: Path) -> bytes:
    """Refuse a picture as the video model would; return its thumbnail."""
    studio_family = order.studio_family
    size = check_picture(picture, studio_family)
    if complaint := studio_family.complaint(order.body, size):
        raise StudioError("InvalidParameter", complaint)
    try:
        if studio_family.looks_again:
            output = studio_family.answer(judge.look_at(picture), {})
            if not output.get("check_pass", output.get("pass")):
                raise StudioError(studio_family.code("no_person"), "No human face detected.")
        return thumbnail(picture)
    except UnreadablePicture:
        raise unreadable_picture(studio_family) from None


@dataclass(frozen=True, slots=True)
class Order:
    """A job of a video model, read: its body has every parameter, filled in where none was given."""

    job: Job
    studio_family: StudioFamily
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shot:
    """Everything that one film is made of."""

    order: Order
    picture: Path
    sound: Path | None
    seconds: float

    def take(self, path: Path, stopped: threading.Event) -> None:
        """Make the film; it appears at `path` whole or not at all."""
        studio_family, body = self.order.studio_family, self.order.body
        image, size = read_picture(self.picture)
        if box := studio_family.filmed_part(body):
            across, down = image.width / size[0], image.height / size[1]
            left, top, right, bottom = box
            image = image.crop(
                (
                    round(left * across),
                    round(top * down),
                    round(right * across),
                    round(bottom * down),
                )
            )
        part = path.with_suffix(".part")
        try:
            make_film(
                image,
                part,
                size=studio_family.video_size(body, size),
                seconds=self.seconds,
                sound=self.sound,
                is_stopped=stopped.is_set,
            )
            part.rename(path)
        except av.error.FFmpegError:
            raise StudioError("InvalidURL", NO_SOUND) from None
        finally:
            part.unlink(missing_ok=True)
