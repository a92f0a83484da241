"""The mailbox: what SMTP took is on the page, and what it refuses is not."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx2
import pytest

from tests.support.sandbox import SandboxServer, a_sandbox


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with a_sandbox("mailbox", tmp_path_factory.mktemp("mailbox")) as server:
        yield server


@pytest.fixture
def web(mailbox: SandboxServer) -> Iterator[httpx2.Client]:
    with mailbox.client() as client:
        client.post("/admin/reset-faults").raise_for_status()
        client.delete("/api/messages").raise_for_status()
        yield client


def a_mail(number: int = 1, *, to: str = "anna@example.com", subject: str = "您的退款已到账", case: str = "AS-26-000042") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Shop <service@shop.example>", to, subject
    mail["Message-ID"], mail["X-Case-Number"] = f"<message-{number}@shop.example>", case
    mail.set_content("Dear Anna,\nyour refund of 12.99 is on its way. 感谢您的耐心。\n")
    mail.add_alternative("<h1>Refund</h1><script>alert(1)</script>", subtype="html")
    mail.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="label.pdf")
    return mail


def send(mailbox: SandboxServer, *mails: EmailMessage, to: str | None = None) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=20) as smtp:
        for mail in mails:
            smtp.send_message(mail, to_addrs=to)


def test_an_empty_box_says_so(web: httpx2.Client) -> None:
    page = web.get("/")
    assert page.status_code == 200
    assert "No mail yet." in page.text
    assert web.get("/api/messages").json() == {"data": [], "next_cursor": None, "total": 0}


def test_a_mail_goes_in_by_smtp_and_out_on_the_page_with_all_its_parts(mailbox: SandboxServer, web: httpx2.Client) -> None:
    send(mailbox, a_mail())
    [shown] = web.get("/api/messages").json()["data"]
    assert (shown["subject"], shown["recipients"], shown["case_number"]) == ("您的退款已到账", ["anna@example.com"], "AS-26-000042")
    message = web.get(f"/api/messages/{shown['id']}").json()
    assert "感谢您的耐心" in message["text"]
    assert message["attachments"] == [{"filename": "label.pdf", "content_type": "application/pdf", "bytes": 5}]
    assert ["Message-ID", "<message-1@shop.example>"] in message["headers"]
    assert "您的退款已到账" in web.get("/").text
    page = web.get(f"/messages/{shown['id']}").text
    assert "your refund of 12.99" in page
    assert "<script>alert" not in page
    assert b"Message-ID: <message-1@shop.example>" in web.get(f"/api/messages/{shown['id']}/raw").content


def test_html_of_a_mail_is_shown_where_it_can_run_and_load_nothing(mailbox: SandboxServer, web: httpx2.Client) -> None:
    send(mailbox, a_mail())
    [shown] = web.get("/api/messages").json()["data"]
    frame = web.get(f"/messages/{shown['id']}/html")
    assert "<h1>Refund</h1>" in frame.text
    assert frame.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "iframe sandbox" in web.get(f"/messages/{shown['id']}").text


def test_the_list_is_filtered_by_recipient_case_and_words_newest_first_in_pages(mailbox: SandboxServer, web: httpx2.Client) -> None:
    send(mailbox, *(a_mail(n, to=f"anna{n % 2}@example.com", subject=f"Step {n}", case=f"AS-{n}") for n in range(1, 6)))
    found = web.get("/api/messages", params={"to": "ANNA1@", "limit": 2}).json()
    assert ([one["subject"] for one in found["data"]], found["total"]) == (["Step 5", "Step 3"], 3)
    older = web.get("/api/messages", params={"to": "anna1@", "limit": 2, "cursor": found["next_cursor"]}).json()
    assert ([one["subject"] for one in older["data"]], older["next_cursor"]) == (["Step 1"], None)
    assert web.get("/api/messages/count", params={"case": "AS-4"}).json() == {"count": 1}
    assert web.get("/api/messages/count", params={"q": "step 2"}).json() == {"count": 1}
    assert web.get("/api/messages/count", params={"after": older["data"][0]["id"]}).json() == {"count": 4}
    page = web.get("/", params={"to": "", "case": "", "q": "nothing like it"}).text
    assert "No message fits." in page


def test_a_temporary_error_keeps_nothing_and_the_next_attempt_goes_through(mailbox: SandboxServer, web: httpx2.Client) -> None:
    web.put("/admin/faults", json={"temporary_error_rate": 1}).raise_for_status()
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(mailbox, a_mail())
    assert refused.value.smtp_code == 451
    assert web.get("/api/messages/count").json() == {"count": 0}
    web.post("/admin/reset-faults")
    send(mailbox, a_mail())
    assert web.get("/api/messages/count").json() == {"count": 1}


def test_an_unwanted_recipient_is_refused_for_good_and_the_others_get_the_mail(mailbox: SandboxServer, web: httpx2.Client) -> None:
    web.put("/admin/faults", json={"reject_recipients": ["*@bounce.example"]}).raise_for_status()
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(mailbox, a_mail(to="Anna@BOUNCE.example"))
    assert next(iter(refused.value.recipients.values()))[0] == 550
    send(mailbox, a_mail(to="anna@bounce.example, ben@example.com"))
    assert [one["recipients"] for one in web.get("/api/messages").json()["data"]] == [["ben@example.com"]]


def test_a_lost_answer_keeps_the_mail_and_its_repetition_is_a_duplicate(mailbox: SandboxServer, web: httpx2.Client) -> None:
    web.put("/admin/faults", json={"drop_answer_rate": 1}).raise_for_status()
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(mailbox, a_mail(7))
    assert web.get("/api/messages/count").json() == {"count": 1}
    assert web.get("/api/duplicates").json() == {"count": 0, "data": []}
    web.post("/admin/reset-faults")
    send(mailbox, a_mail(7), a_mail(8))
    duplicates = web.get("/api/duplicates").json()
    assert (duplicates["count"], duplicates["data"][0]["message_id"]) == (1, "<message-7@shop.example>")


@pytest.mark.parametrize(
    "raw",
    [
        b"no header at all",
        b"Subject: \xff\xfe broken\r\n\r\n\xff\xfe",
        b"Content-Type: text/plain; charset=no-such\r\nFrom: <<>@\r\nTo: a@\r\nMessage-ID: <\r\n\r\nbody",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x",
        b"",
    ],
)
def test_a_badly_made_mail_is_kept_and_shown_as_far_as_it_can_be(mailbox: SandboxServer, web: httpx2.Client, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=20) as smtp:
        smtp.sendmail("a@example.com", ["b@example.com"], raw)
    [shown] = web.get("/api/messages").json()["data"]
    assert web.get(f"/messages/{shown['id']}").status_code == 200


def test_a_message_that_is_not_there_is_said_to_be_missing(web: httpx2.Client) -> None:
    assert web.get("/api/messages/999999").json()["error"]["code"] == "message_not_found"
    page = web.get("/messages/999999")
    assert (page.status_code, "No such message." in page.text) == (404, True)


def test_mail_outlives_kill_9(tmp_path: Path) -> None:
    with a_sandbox("mailbox", tmp_path) as server:
        send(server, a_mail(1), a_mail(2))
        server.kill_and_restart()
        send(server, a_mail(3))
        with server.client() as web:
            ids = [one["message_id"] for one in web.get("/api/messages").json()["data"]]
        assert ids == [f"<message-{n}@shop.example>" for n in (3, 2, 1)]
