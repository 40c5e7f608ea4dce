"""A form is read whole, however its bytes are cut into pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from greenlight.studio.forms import FormError, FormReader

DATA = b"\r\n--\r\n--cut\r\n--cu" * 3
FORM = (
    b'--cut\r\nContent-Disposition: form-data; name="key"\r\n\r\na/b.png\r\n'
    b'--cut\r\nContent-Disposition: form-data; name="empty"\r\n\r\n\r\n'
    b'--cut\r\nContent-Disposition: form-data; name="file"; filename="b.png"\r\n'
    b"Content-Type: image/png\r\n\r\n" + DATA.replace(b"--cut", b"--cuT") + b"\r\n--cut--\r\n"
)


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
async def test_fields_and_file_come_out_whole(size: int) -> None:
    form = FormReader('multipart/form-data; boundary="cut"', pieces(FORM, size))
    assert await form.fields() == {"key": "a/b.png", "empty": ""}
    assert b"".join([piece async for piece in form.file()]) == DATA.replace(b"--cut", b"--cuT")


@pytest.mark.parametrize("length", [10, 60, len(FORM) - 20])
async def test_a_form_that_is_cut_off_is_an_error(length: int) -> None:
    form = FormReader("multipart/form-data; boundary=cut", pieces(FORM[:length], 16))

    async def read_all() -> None:
        await form.fields()
        async for _ in form.file():
            pass

    with pytest.raises(FormError):
        await read_all()


async def test_a_field_without_end_is_an_error() -> None:
    head = b'--cut\r\nContent-Disposition: form-data; name="key"\r\n\r\n'
    form = FormReader("multipart/form-data; boundary=cut", pieces(head + b"x" * 200_000, 1000))
    with pytest.raises(FormError, match="too long"):
        await form.fields()


def test_a_body_without_a_boundary_is_an_error() -> None:
    with pytest.raises(FormError, match="boundary"):
        FormReader("application/json", pieces(b"{}", 1))
