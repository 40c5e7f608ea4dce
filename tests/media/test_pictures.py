"""What a portrait is, and which files are none."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from greenlight.errors import InputError
from greenlight.media.portraits import examine
from greenlight.modelstudio import catalog
from greenlight.screening.preflight import preflight


def picture(path: Path, size: tuple[int, int] = (512, 512), **options: object) -> Path:
    """Save a picture that does not compress to nothing."""
    Image.effect_noise(size, 64).convert("RGB").save(path, **options)
    return path


def png_bomb(path: Path, edge: int = 12_000) -> Path:
    """Write a PNG of a few kilobytes that claims to be huge."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", edge, edge, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * ((edge // 8 + 1) * edge), 9)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )
    return path


async def refusal(path: Path, model: str) -> str:
    verdict = preflight(await examine(str(path)), catalog.family(model))
    assert verdict is not None
    assert not verdict.passed
    assert verdict.by == "preflight"
    assert verdict.reason
    return verdict.code


async def test_a_portrait_is_identified_by_its_content_and_not_by_its_name(
    tmp_path: Path, astronaut: Path
) -> None:
    copy = tmp_path / "another name.png"
    copy.write_bytes(astronaut.read_bytes())
    first, second = await examine(str(astronaut)), await examine(str(copy))
    assert first.identity == second.identity
    assert first.size_px == (512, 512)
    assert first.format == "PNG"


@pytest.mark.parametrize("model", list(catalog.families()))
async def test_a_good_portrait_passes_the_preflight_of_every_model(
    model: str, astronaut: Path
) -> None:
    assert preflight(await examine(str(astronaut)), catalog.family(model)) is None


@pytest.mark.parametrize("model", list(catalog.families()))
async def test_a_png_bomb_is_refused_by_its_header(model: str, tmp_path: Path) -> None:
    bomb = png_bomb(tmp_path / "bomb.png")
    assert bomb.stat().st_size < 50_000
    assert await refusal(bomb, model) == "InvalidFile.Resolution"


async def test_an_edge_of_399_px_is_refused_for_emo_and_400_px_is_not(tmp_path: Path) -> None:
    assert await refusal(picture(tmp_path / "a.png", (399, 500)), "emo") == "InvalidFile.Resolution"
    good = await examine(str(picture(tmp_path / "b.png", (400, 500))))
    assert preflight(good, catalog.family("emo")) is None


async def test_a_gif_is_refused(tmp_path: Path) -> None:
    assert await refusal(picture(tmp_path / "a.gif"), "emo") == "InvalidFile.Format"


async def test_a_webp_is_refused_for_animate_anyone_only(tmp_path: Path) -> None:
    webp = picture(tmp_path / "a.webp")
    assert await refusal(webp, "animate-anyone") == "InvalidFile.Format"
    assert preflight(await examine(str(webp)), catalog.family("emo")) is None


async def test_an_aspect_above_two_is_refused_for_liveportrait(tmp_path: Path) -> None:
    wide = picture(tmp_path / "wide.png", (1001, 500))
    assert await refusal(wide, "liveportrait") == "InvalidFile.AspectRatio"
    exact = await examine(str(picture(tmp_path / "two.png", (1000, 500))))
    assert preflight(exact, catalog.family("liveportrait")) is None


async def test_a_file_of_five_megabytes_is_refused_for_animate_anyone(tmp_path: Path) -> None:
    large = picture(tmp_path / "large.bmp", (1400, 1300))
    assert await refusal(large, "animate-anyone") == "InvalidFile.Size"


async def test_a_multi_picture_jpeg_of_a_phone_is_a_jpeg(tmp_path: Path) -> None:
    image = Image.effect_noise((512, 512), 64).convert("RGB")
    image.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[image])
    assert (await examine(str(tmp_path / "a.jpg"))).format == "JPEG"


async def error_of(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        await examine(str(path))
    assert caught.value.spent is False
    return str(caught.value)


async def test_a_missing_file_says_so(tmp_path: Path) -> None:
    assert "does not exist" in await error_of(tmp_path / "nobody.png")


async def test_a_directory_says_so(tmp_path: Path) -> None:
    assert "is a directory" in await error_of(tmp_path)


async def test_an_empty_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    assert "is empty" in await error_of(tmp_path / "empty.png")


async def test_a_text_file_named_jpg_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "note.jpg").write_text("not a picture")
    assert "not a picture" in await error_of(tmp_path / "note.jpg")


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp"])
async def test_a_picture_cut_off_in_the_middle_says_so(ending: str, tmp_path: Path) -> None:
    whole = io.BytesIO()
    kind = "JPEG" if ending == "jpg" else ending.upper()
    Image.effect_noise((600, 600), 64).convert("RGB").save(whole, kind)
    cut = tmp_path / f"cut.{ending}"
    cut.write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    assert "truncated" in await error_of(cut)
