"""Evidence: taken by what it is, not by what it is called; cleaned of what it should not tell; kept by its hash."""

import io
from collections.abc import AsyncIterator

import httpx2
import pytest
from PIL import Image, PngImagePlugin

from contracts.case_state import CaseOutcome, CaseStatus
from contracts.case_v1 import CaseReopened, EvidenceAdded, EvidenceRefused
from contracts.roles import Role
from tests.integration.intake.desk import Desk, is_problem
from tests.integration.intake.story import an_end, an_evidence_request

pytestmark = pytest.mark.engines


def a_photo(colour: str = "red", *, side: int = 64) -> bytes:
    """A JPEG with a position and a camera in its metadata."""
    exif = Image.Exif()
    exif[271] = "SecretCamera"
    exif.get_ifd(34853).update({1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.0, 0.0)})
    file = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(file, "JPEG", exif=exif, comment=b"secret comment")
    return file.getvalue()


def a_video(personal: bytes = b"+51.5-000.1/") -> bytes:
    """The boxes of an MP4 with a position in its user data."""

    def box(kind: bytes, content: bytes) -> bytes:
        return (len(content) + 8).to_bytes(4, "big") + kind + content

    movie = box(b"moov", box(b"mvhd", bytes(100)) + box(b"udta", box(b"\xa9xyz", personal)))
    return box(b"ftyp", b"isom\x00\x00\x02\x00isommp41") + movie + box(b"mdat", b"pixels" * 50)


async def _send(desk: Desk, case_id: str, content: bytes, query: str = "", **headers: str) -> httpx2.Response:
    return await desk.http.post(f"/v1/cases/{case_id}/evidence{query}", content=content, headers={**desk.merchant(), **headers})


async def test_a_picture_is_stored_without_its_metadata_and_published_by_its_hash(desk: Desk) -> None:
    case = await desk.a_case()

    answer = await _send(desk, case["case_id"], a_photo(), "?shows=parcel", **{"Content-Type": "image/jpeg"})

    assert answer.status_code == 201, answer.text
    item = answer.json()
    assert (item["kind"], item["shows"], item["media_type"]) == ("photo", "parcel", "image/jpeg")
    file = await desk.http.get(item["url"], headers=desk.merchant())
    assert file.headers["content-type"] == "image/jpeg"
    assert file.headers["x-content-type-options"] == "nosniff"
    assert b"SecretCamera" not in file.content
    assert b"secret comment" not in file.content
    with Image.open(io.BytesIO(file.content)) as image:
        assert (image.size, dict(image.getexif())) == ((64, 64), {})
    event = (await desk.published(case["case_id"]))[-1]
    assert isinstance(event, EvidenceAdded)
    assert (event.item.sha256, event.item.size_bytes) == (item["sha256"], len(file.content))
    assert [one["evidence_id"] for one in (await desk.look(case["case_id"]))["evidence"]] == [item["evidence_id"]]


async def test_the_same_picture_again_is_the_first_item(desk: Desk) -> None:
    case = await desk.a_case()

    first = await _send(desk, case["case_id"], a_photo())
    again = await _send(desk, case["case_id"], a_photo())

    assert (again.status_code, again.json()["evidence_id"]) == (200, first.json()["evidence_id"])
    assert sum(isinstance(event, EvidenceAdded) for event in await desk.published(case["case_id"])) == 1


async def test_a_form_upload_names_kind_and_view_in_its_fields(desk: Desk) -> None:
    case = await desk.a_case()
    files = {"file": ("x.jpg", a_photo("blue"), "image/jpeg")}

    answer = await desk.http.post(
        f"/v1/cases/{case['case_id']}/evidence", files=files, data={"kind": "courier_receipt", "shows": "label"}, headers=desk.merchant()
    )

    assert answer.status_code == 201, answer.text
    assert (answer.json()["kind"], answer.json()["shows"]) == ("courier_receipt", "label")


async def test_other_formats_are_taken_by_their_content(desk: Desk) -> None:
    case = await desk.a_case()
    png, webp = io.BytesIO(), io.BytesIO()
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "Secret Author")
    Image.new("RGBA", (8, 8)).save(png, "PNG", pnginfo=notes)
    Image.new("RGB", (8, 8)).save(webp, "WEBP", exif=b"Exif\x00\x00secret")
    expected = {
        "image/png": png.getvalue(),
        "image/webp": webp.getvalue(),
        "video/mp4": a_video(),
        "application/pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n",
    }

    for media_type, content in expected.items():
        answer = await _send(desk, case["case_id"], content, **{"Content-Type": "application/octet-stream"})
        assert (answer.status_code, answer.json().get("media_type")) == (201, media_type), answer.text
        stored = (await desk.http.get(answer.json()["url"], headers=desk.merchant())).content
        assert b"ecret" not in stored
        assert b"51.5" not in stored


async def test_a_text_called_jpg_and_other_strangers_are_refused(desk: Desk) -> None:
    case = await desk.a_case()
    strangers = [
        b"just some words in a file named photo.jpg",
        b"<html><script>alert(1)</script></html>",
        b"\xff\xd8\xff\xe0" + b"no jpeg after all" * 20,
        a_photo()[:200],
        b"GIF89a" + bytes(50),
        b"PK\x03\x04" + bytes(50),
        a_video()[:60],
    ]

    for content in strangers:
        assert is_problem(await _send(desk, case["case_id"], content, **{"Content-Type": "image/jpeg"}), 415, "unsupported_evidence")
    as_video = await _send(desk, case["case_id"], a_photo(), "?kind=video")
    empty = await _send(desk, case["case_id"], b"")

    assert is_problem(as_video, 415, "unsupported_evidence")
    assert is_problem(empty, 422, "empty_file")
    assert len(await desk.published(case["case_id"])) == 1
    assert list((desk.house.settings.evidence_dir / "incoming").iterdir()) == []


async def test_a_small_file_that_unpacks_to_a_giant_is_refused(desk: Desk) -> None:
    case = await desk.a_case()
    bomb = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(bomb, "PNG")

    assert is_problem(await _send(desk, case["case_id"], bomb.getvalue()), 415, "unsupported_evidence")


async def test_a_huge_upload_is_refused_while_it_arrives_and_leaves_nothing(desk: Desk) -> None:
    case = await desk.a_case()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 2**30:
            sent += 65_536
            yield bytes(65_536)

    headers = {**desk.merchant(), "Content-Type": "image/jpeg"}
    raw = await desk.http.post(f"/v1/cases/{case['case_id']}/evidence", content=endless(), headers=headers)
    declared = await desk.http.post(f"/v1/cases/{case['case_id']}/evidence", content=b"", headers={**headers, "Content-Length": str(2**30)})
    form = await desk.http.post(f"/v1/cases/{case['case_id']}/evidence", files={"file": ("x.jpg", bytes(310_000))}, headers=desk.merchant())

    assert is_problem(raw, 413, "body_too_large")
    assert is_problem(declared, 413, "body_too_large")
    assert is_problem(form, 413, "body_too_large")
    assert list((desk.house.settings.evidence_dir / "incoming").iterdir()) == []


async def test_refusing_evidence_is_a_fact_while_it_is_asked_for(desk: Desk) -> None:
    """R-EVD-09."""
    case = await desk.a_case()
    unasked = await desk.act(case["case_id"], "evidence/refusal")
    await desk.tell(an_evidence_request(case))

    refused = await desk.act(case["case_id"], "evidence/refusal")
    again = await desk.act(case["case_id"], "evidence/refusal")

    assert is_problem(unasked, 409, "no_evidence_expected")
    assert (refused.status_code, again.json()["repeated"]) == (202, True)
    assert isinstance((await desk.published(case["case_id"]))[-1], EvidenceRefused)


async def test_late_evidence_brings_back_a_case_that_ended_for_want_of_it(desk: Desk) -> None:
    """R-EVD-09."""
    waiting, withdrawn = await desk.a_case(), await desk.a_case()
    await desk.tell(an_end(waiting, CaseOutcome.EVIDENCE_NOT_PROVIDED, status=CaseStatus.REJECTED))
    await desk.tell(an_end(withdrawn, CaseOutcome.WITHDRAWN, status=CaseStatus.CANCELLED))

    late = await _send(desk, waiting["case_id"], a_photo("green"))
    useless = await _send(desk, withdrawn["case_id"], a_photo("green"))

    assert late.status_code == 201
    added, reopened = (await desk.published(waiting["case_id"]))[-2:]
    assert isinstance(added, EvidenceAdded)
    assert isinstance(reopened, CaseReopened)
    assert (reopened.reopen_number, reopened.reason) == (1, "late_evidence")
    assert is_problem(useless, 409, "case_ended")


async def test_evidence_is_looked_at_by_those_who_need_it(desk: Desk) -> None:
    """R-SEC-04."""
    case = await desk.a_case()
    item = (await _send(desk, case["case_id"], a_photo())).json()

    agent = await desk.http.get(item["url"], headers=desk.staff())
    warehouse = await desk.http.get(item["url"], headers=desk.staff(Role.WAREHOUSE_SUPERVISOR))
    other = await desk.http.get(item["url"].replace(item["evidence_id"], case["case_id"]), headers=desk.staff())

    assert agent.status_code == 200
    assert is_problem(warehouse, 403, "not_allowed")
    assert is_problem(other, 404, "evidence_not_found")
