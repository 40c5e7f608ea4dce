"""Turn a brief and a verdict into an order: the job in the books, and the one request that pays for it."""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializeAsAny

from greenlight.briefs.brief import Brief, is_template_id, job_key
from greenlight.errors import SettingsError
from greenlight.filming.prices import SECONDS_OF_A_TEMPLATE, longest_cost_cny
from greenlight.ledger.jobs import NewJob
from greenlight.media.delivery import deliver
from greenlight.media.recordings import Clip, Motion, Sound
from greenlight.media.subjects import Subject, role_of
from greenlight.modelstudio import catalog
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.family import Family, Parameters, Role, Verdict, VideoRequest
from greenlight.modelstudio.model import Model
from greenlight.settings import Delivery
from greenlight.videos.naming import video_path
from greenlight.videos.storing import is_in_s3
from greenlight.videos.taken import require_free


class Order(BaseModel, abc.ABC):
    """One paid generation that is about to be sent."""

    model_config = ConfigDict(frozen=True)

    family: str
    deployment: str | None = None
    """The name of a deployment of one's own that stands for the vendor's model."""
    drive: SerializeAsAny[Sound] | str
    """The sound or the motion video, or the id of a template that exists already."""
    take: int = 1

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """Return the name of what it is known by: the subject, or the motion of a template."""

    @property
    @abc.abstractmethod
    def model(self) -> Model:
        """Return the vendor's model that is paid."""

    @abc.abstractmethod
    def new_job(self, service: str, *, flow_run: str = "") -> NewJob:
        """Return what is reserved in the books."""

    @abc.abstractmethod
    async def request(self, client: ModelStudio, delivery: Delivery) -> VideoRequest:
        """Deliver the media and return the paying request."""

    @property
    def model_name(self) -> str:
        """Return the name that is sent as the model."""
        return self.deployment or self.model.id

    @property
    def drive_identity(self) -> str:
        """Return what identifies the sound or the motion."""
        return f"template-{self.drive}" if isinstance(self.drive, str) else self.drive.identity

    @property
    def drive_seconds(self) -> float | None:
        """Return how long the sound or motion is; not known of a template that exists already."""
        return None if isinstance(self.drive, str) else self.drive.seconds

    @property
    def drive_place(self) -> str:
        """Return the sound's or motion's place for people."""
        return self.drive if isinstance(self.drive, str) else self.drive.shown


class TemplateOrder(Order):
    """A motion video that becomes a template."""

    drive: Motion

    @property
    def name(self) -> str:
        """Return the motion's name."""
        return self.drive.name

    @property
    def model(self) -> Model:
        """Return the model that makes templates."""
        template = catalog.family(self.family).template
        if template is None:
            raise ValueError(f"{self.family} knows no templates")
        return template.model

    def new_job(self, service: str, *, flow_run: str = "") -> NewJob:
        """Return what is reserved: one template a motion video, whatever it is called."""
        key = job_key(
            service,
            model=self.model_name,
            subject="",
            drive=self.drive.identity,
            parameters={},
            take=self.take,
        )
        return NewJob(
            key=key,
            kind="template",
            service=service,
            model=self.model_name,
            family=self.family,
            brief={
                "motion": self.drive.shown,
                "drive_seconds": self.drive.seconds,
                "take": self.take,
            },
            drive=self.drive.identity,
            flow_run=flow_run,
            price_cny=longest_cost_cny(self.drive.seconds, self.model.prices_cny[""]),
        )

    async def request(self, client: ModelStudio, delivery: Delivery) -> VideoRequest:
        """Deliver the motion video and return the paying request."""
        url = await deliver(self.drive, client, reader=self.model_name, delivery=delivery)
        return self.request_of(url)

    def request_of(self, motion_url: str) -> VideoRequest:
        """Return the paying request with the motion at its address."""
        return catalog.family(self.family).template_request(motion_url, self.deployment)


class VideoOrder(Order):
    """A portrait or a clip that passed, to be filmed."""

    subject: Subject
    verdict: SerializeAsAny[Verdict]
    ratio: str | None
    parameters: SerializeAsAny[Parameters]
    out: str
    """Where its video goes: a folder, s3://bucket/prefix/ or an .mp4 file; the key does not hold it."""
    template_id: str | None = None
    note: str = ""
    """What the verdict changed in the parameters that the brief asked for, in words."""

    @property
    def name(self) -> str:
        """Return the portrait's or the clip's name."""
        return self.subject.name

    @property
    def model(self) -> Model:
        """Return the video model."""
        return catalog.family(self.family).video

    @property
    def price_per_second_cny(self) -> Decimal:
        """Return what a second of this video costs."""
        return catalog.family(self.family).price_per_second_cny(self.parameters, self.ratio)

    @property
    def seconds(self) -> float | None:
        """Return how long the video will be; not known of a template that exists already."""
        family = catalog.family(self.family)
        return seconds_of(family, self.parameters, self.subject, self.drive)

    def new_job(self, service: str, *, flow_run: str = "") -> NewJob:
        """Return what is reserved; neither addresses nor boxes nor template ids are part of the key."""
        decided = self.parameters.model_dump()
        if self.ratio is not None:
            decided["ratio"] = self.ratio
        key = job_key(
            service,
            model=self.model_name,
            subject=self.subject.identity,
            drive=self.drive_identity,
            parameters=decided,
            take=self.take,
        )
        return NewJob(
            key=key,
            kind="video",
            service=service,
            model=self.model_name,
            family=self.family,
            brief=self._for_the_books(),
            portrait=self.subject.identity,
            drive=self.drive_identity,
            flow_run=flow_run,
            price_cny=longest_cost_cny(
                self.seconds or SECONDS_OF_A_TEMPLATE, self.price_per_second_cny
            ),
        )

    def _for_the_books(self) -> dict[str, Any]:
        return {
            **self._subject_for_the_books(),
            "drive": self.drive_place,
            "drive_identity": self.drive_identity,
            "drive_seconds": self.drive_seconds,
            "out": str(self.out),
            "ratio": self.ratio,
            "parameters": self.parameters.model_dump(),
            "take": self.take,
            "price_per_second_cny": str(self.price_per_second_cny),
        }

    def _subject_for_the_books(self) -> dict[str, Any]:
        role = role_of(self.subject)
        told = {role.value: self.subject.shown, f"{role}_identity": self.subject.identity}
        if not isinstance(self.subject, Clip):
            return told
        # The vendor's task is known again by its length.
        return {**told, "clip_seconds": self.subject.seconds, "expected_seconds": self.seconds}

    async def request(self, client: ModelStudio, delivery: Delivery) -> VideoRequest:
        """Deliver what the video is made of and return the paying request.

        Raises an `InputError` when something lies already where the video is to go.
        """
        place = video_path(self.new_job(client.service), self.out)
        await asyncio.to_thread(require_free, place)
        urls = {
            role: await deliver(content, client, reader=self.model_name, delivery=delivery)
            for role, content in self.delivered.items()
        }
        return self.request_of(urls)

    @property
    def delivered(self) -> dict[Role, Subject | Sound]:
        """Return what the vendor fetches: the subject, and what drives it unless it is a template."""
        family = catalog.family(self.family)
        if self.template_id is not None or isinstance(self.drive, str):
            return {family.subject: self.subject}
        return {family.subject: self.subject, family.driven_by: self.drive}

    def request_of(self, urls: Mapping[Role, str]) -> VideoRequest:
        """Return the paying request with what is delivered at its addresses; a template has its id."""
        family = catalog.family(self.family)
        template = self.template_id or (self.drive if isinstance(self.drive, str) else None)
        given = urls if template is None else {**urls, family.driven_by: template}
        return family.video_request(
            given, self.verdict, self.parameters, deployment=self.deployment
        )


def order_video(
    brief: Brief,
    family: Family,
    subject: Subject,
    verdict: Verdict,
    drive: Sound | str,
    *,
    out: Path | str,
) -> VideoOrder:
    """Return the order of a subject that passed; the family may adapt the parameters to the verdict."""
    if not verdict.passed:
        raise SettingsError("did not pass, so it is not filmed", subject=subject.shown)
    parameters, note = family.adapt_parameters(brief.resolve_parameters(family), verdict)
    return VideoOrder(
        family=family.name,
        deployment=brief.deployments.get(family.video.id),
        drive=drive,
        take=brief.take,
        subject=subject,
        verdict=verdict,
        ratio=brief.question(family).ratio,
        parameters=parameters,
        out=str(out) if is_in_s3(out) else str(Path(out).expanduser().absolute()),
        note=note,
        template_id=drive if isinstance(drive, str) and is_template_id(drive) else None,
    )


def seconds_of(
    family: Family, parameters: Parameters, subject: Subject, drive: Sound | str
) -> float | None:
    """Return how long a video will be; not known of a template that exists already."""
    if isinstance(drive, str):
        return None
    seconds = {family.driven_by: drive.seconds}
    if isinstance(subject, Clip):
        seconds[family.subject] = subject.seconds
    return family.length_seconds(parameters, seconds)


def order_template(brief: Brief, family: Family, motion: Motion) -> TemplateOrder:
    """Return the order of a motion video's template."""
    template = family.template.model.id if family.template else ""
    return TemplateOrder(
        family=family.name, deployment=brief.deployments.get(template), drive=motion
    )


def needs_template(order: VideoOrder) -> bool:
    """Whether the order's motion is a video that must become a template first."""
    family = catalog.family(order.family)
    is_video = isinstance(order.drive, Motion) and order.template_id is None
    return is_video and family.template is not None
