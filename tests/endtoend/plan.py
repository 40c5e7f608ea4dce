"""Plan what is uploaded: portraits with their sounds under awkward names, in an order that a seed decides."""

from __future__ import annotations

import io
import json
import random
import wave
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from tests.endtoend.pipeline import PREFIX

PHOTOS = Path(__file__).parents[1] / "photos"
PASSING = ("astronaut.png", "grace_hopper.jpg", "made_two.jpg")
REFUSED = (
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "made_masked.jpg",
    "made_nohead.jpg",
    "made_rot90.jpg",
    "made_tiny.jpg",
    "rocket.jpg",
)
NAMES = (
    "anna maria",
    "a+b",
    "100% sure",
    "张伟",
    "😀 smile",
    "50%25 off",
    "folder one/bob",
    "日本 語",
    "x & y = z",
    "dots.in.name",
    "%41lice",
    "o'neil",
    "tab#1;2",
    "👩‍🚀+🚀 team",
    "Zoë (2)",
    "~tilde, comma",
    "what?",
    "[square] {curly}",
    "a%2Fb",
    "+plus+",
)
JSONS: tuple[dict[str, object], ...] = (
    {"models": ["liveportrait"]},
    {"models": ["emo"], "parameters": {"style_level": "calm"}},
)
TEXT_FILE = f"{PREFIX}read me.txt"


@dataclass(frozen=True)
class Upload:
    """One object to be put; of a portrait, the picture that it shows."""

    key: str
    content: bytes
    picture: str | None = None
    has_sha256: bool = False
    """Whether the store is asked for a checksum, by which the portrait is then known."""
    in_parts: bool = False


@dataclass
class Sitter:
    """Somebody whose portraits and sound are uploaded under one name."""

    name: str
    portraits: list[Upload]
    sound: Upload
    details: Upload | None = None
    told: dict[str, object] = field(default_factory=dict)
    """What the json says."""

    @property
    def newest(self) -> Upload:
        return self.portraits[-1]

    def tracks(self) -> list[list[Upload]]:
        """Return what must be uploaded in its order; between the tracks any order is good.

        A json that came after the sound could come after the video too, which is then another one.
        """
        return [self.portraits, [*([self.details] if self.details else []), self.sound]]


@dataclass
class Plan:
    """Everything that is uploaded."""

    sitters: list[Sitter]
    late: Sitter
    """Whose sound comes when the run of the portrait has ended."""
    waves: list[list[Upload]]
    """All but the late one's, in the order of the uploads; a wave comes when the last has its runs."""

    @property
    def everybody(self) -> list[Sitter]:
        return [*self.sitters, self.late]

    @property
    def uploads(self) -> list[Upload]:
        return [upload for wave in self.waves for upload in wave]


def make_plan(count: int, seed: int) -> Plan:
    """Return a plan of so many portraits, the same for the same seed."""
    chance = random.Random(seed)
    names = [NAMES[n % len(NAMES)] + (f" {n}" if n >= len(NAMES) else "") for n in range(count)]
    chance.shuffle(names)
    pictures = [_picture(n, chance) for n in range(count)]
    sitters = [
        _sitter(name, picture, n)
        for n, (name, picture) in enumerate(zip(names, pictures, strict=True))
    ]
    late = sitters.pop(0)
    chance.shuffle(sitters)
    _vary(sitters, chance)
    tracks = [track for one in sitters for track in one.tracks()]
    tracks.append([Upload(TEXT_FILE, b"nothing to see")])
    return Plan(sitters, late, _cut(_merged(tracks, chance), max(2, count // 6), chance))


def _picture(number: int, chance: random.Random) -> str:
    """Return a passing picture for the first, who is late, and every second; the others are refused."""
    return chance.choice(REFUSED if number % 2 else PASSING)


def _sitter(name: str, picture: str, number: int) -> Sitter:
    ending = picture.rpartition(".")[2]
    stem = f"{PREFIX}{name}"
    return Sitter(
        name=name,
        portraits=[_portrait(f"{stem}.{ending}", picture, number * 10)],
        sound=Upload(f"{stem}.wav", _tone(number)),
    )


def _portrait(key: str, picture: str, number: int) -> Upload:
    """Return a portrait of a content of its own: what follows a picture's end changes nothing."""
    content = (PHOTOS / picture).read_bytes() + number.to_bytes(8)
    return Upload(key, content, picture, has_sha256=number % 50 == 20)


def _tone(number: int) -> bytes:
    """Return a sound of a second that no other number has."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes([number % 256, number // 256 % 256]) * 8000)
    return file.getvalue()


def _vary(sitters: list[Sitter], chance: random.Random) -> None:
    """Let some portraits come twice, be overwritten, have a json, come in parts, or be another's too."""
    share = max(1, len(sitters) // 8)
    someone = iter(sitters)
    for _ in range(share):
        twice = next(someone)
        twice.portraits.append(twice.newest)
    for _ in range(2 * share):
        _overwrite(next(someone), chance)
    for number in range(share):
        _tell(next(someone), JSONS[number % len(JSONS)])
    _make_alike(next(someone), next(someone))
    whole = next(someone)
    whole.portraits = [replace(whole.newest, in_parts=True, has_sha256=False)]


def _overwrite(sitter: Sitter, chance: random.Random) -> None:
    """Let another picture of the same format come over the first: one that passes over one that does not."""
    first = sitter.newest
    others = REFUSED if first.picture in PASSING else PASSING
    ending = first.key.rpartition(".")[2]
    fitting = [one for one in others if one.endswith(ending)]
    number = int.from_bytes(first.content[-8:]) + 1
    sitter.portraits.append(_portrait(first.key, chance.choice(fitting), number))


def _tell(sitter: Sitter, told: dict[str, object]) -> None:
    key = f"{sitter.newest.key.rpartition('.')[0]}.json"
    sitter.told = told
    sitter.details = Upload(key, json.dumps(told).encode())


def _make_alike(sitter: Sitter, other: Sitter) -> None:
    """Let somebody have the portrait and the sound of another: one brief under two names."""
    ending = other.newest.key.rpartition(".")[2]
    key = f"{sitter.newest.key.rpartition('.')[0]}.{ending}"
    theirs = other.newest
    sitter.portraits = [replace(theirs, key=key)]
    sitter.sound = Upload(sitter.sound.key, other.sound.content)


def _merged(tracks: list[list[Upload]], chance: random.Random) -> list[Upload]:
    """Return all uploads in a random order in which every track keeps its own."""
    order = [number for number, track in enumerate(tracks) for _ in track]
    chance.shuffle(order)
    waiting = [iter(track) for track in tracks]
    return [next(waiting[number]) for number in order]


def _cut(uploads: list[Upload], waves: int, chance: random.Random) -> list[list[Upload]]:
    """Return uploads in so many waves of random sizes."""
    cuts = sorted(chance.sample(range(1, len(uploads)), waves - 1))
    return [uploads[first:last] for first, last in pairwise([0, *cuts, len(uploads)])]
