"""The server answers as the app does, and refuses what is too much with a status and a sentence."""

from __future__ import annotations

import http.client
import os

import numpy as np
import pytest
from fastapi.testclient import TestClient

from tests.conftest import CLASSES
from tests.serving.conftest import LABELS, LIMITS, picture
from tlcore.inference.predictor import Predictor
from tlcore.modalities.image.battery import battery
from tlcore.serving.api import create_app


def form(*contents: bytes) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("items", (f"{index}.png", content, "image/png")) for index, content in enumerate(contents)]


def test_many_pictures_are_answered_in_their_order_as_the_app_answers(client, model_folder):
    sent = [picture(label) for label in CLASSES]
    answer = client.post("/predict", files=form(*sent))
    assert answer.status_code == 200
    said = answer.json()
    assert said["model"] == "shapes-1"
    assert [each["name"] for each in said["predictions"]] == ["0.png", "1.png", "2.png"]
    assert [each["label"] for each in said["predictions"]] == list(CLASSES)
    predictor = Predictor.from_run(model_folder)
    for content, each in zip(sent, said["predictions"], strict=True):
        (expected,) = predictor.predict([predictor.decode(content)])
        assert list(each["probabilities"]) == list(CLASSES)
        assert np.array_equal(np.array(list(each["probabilities"].values()), np.float32), expected)
        assert each["confidence"] == each["probabilities"][each["label"]]
        assert each["sure"] is (each["confidence"] > 0.5)
        assert each["unfamiliarity"] is None


@pytest.mark.parametrize("field", ["items", "pictures", "file"])
def test_the_name_of_a_forms_field_does_not_matter(client, field):
    answer = client.post("/predict", files=[(field, ("a.png", picture("square"), "image/png"))])
    assert [each["label"] for each in answer.json()["predictions"]] == ["square"]


@pytest.mark.parametrize("kind", ["image/png", "image/anything", "application/octet-stream", "", "IMAGE/PNG; q=1"])
def test_one_picture_may_be_the_body_itself(client, kind):
    answer = client.post("/predict", content=picture("square"), headers={"Content-Type": kind})
    assert answer.status_code == 200
    (said,) = answer.json()["predictions"]
    assert (said["name"], said["label"]) == ("", "square")


def test_what_curl_sends_without_a_type_is_a_picture(client):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/predict", content=picture("square"), headers=headers).status_code == 200


def test_a_picture_that_cannot_be_read_refuses_the_request_by_name(client):
    answer = client.post("/predict", files=form(picture("circle"), b"no picture", picture("square")[:60]))
    assert answer.status_code == 422
    said = answer.json()
    assert "2 of 3 cannot" in said["detail"]
    assert [(each["index"], each["name"]) for each in said["items"]] == [(1, "1.png"), (2, "2.png")]
    assert "not a picture" in said["items"][0]["reason"]


@pytest.mark.slow
def test_every_awkward_file_is_answered_or_refused_as_the_app_does(model_folder):
    predictor = Predictor.from_run(model_folder, threads=1)
    with TestClient(create_app(predictor, model="shapes-1", sha256="0" * 64)) as client:
        for file in battery(LABELS.input.size):
            answer = client.post("/predict", content=file.content, headers={"Content-Type": "image/png"})
            reason = ""
            try:
                (expected,) = predictor.predict([predictor.decode(file.content)])
            except ValueError as error:
                reason = str(error)
            assert answer.status_code == (422 if reason else 200), file.name
            if reason:
                assert answer.json()["items"][0]["reason"] == reason
            else:
                found = answer.json()["predictions"][0]["probabilities"].values()
                assert np.array_equal(np.array(list(found), np.float32), expected), file.name


@pytest.mark.parametrize("by_form", [True, False])
def test_a_file_that_is_too_large_is_refused(client, by_form):
    large = os.urandom(LIMITS.item_bytes + 1)
    answer = client.post("/predict", **({"files": form(picture("circle"), large)} if by_form else {"content": large}))
    assert answer.status_code == 413
    (fault,) = answer.json()["items"]
    assert fault["index"] == (1 if by_form else 0)
    assert "50,000 bytes" in fault["reason"]


def test_a_request_that_is_too_large_is_refused_whether_it_says_so_or_not(client):
    piece = os.urandom(10_000)
    number = LIMITS.request_bytes // len(piece) + 1
    head = b'--b\r\nContent-Disposition: form-data; name="pictures"; filename="a.png"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    in_chunks = client.post("/predict", content=iter([head, *([piece] * number)]), headers=headers)
    declared = client.post("/predict", content=head + piece * number, headers=headers)
    for answer in (in_chunks, declared):
        assert answer.status_code == 413
        assert "1.2 MB" in answer.json()["detail"]


def test_too_many_pictures_are_refused(client):
    enough = [picture("circle")] * LIMITS.items
    assert client.post("/predict", files=form(*enough)).status_code == 200
    answer = client.post("/predict", files=form(*enough, enough[0]))
    assert answer.status_code == 413
    assert "4 pictures" in answer.json()["detail"]


def test_too_many_pixels_are_refused_before_they_are_decoded(client):
    assert client.post("/predict", content=picture("circle", (400, 250))).status_code == 200
    answer = client.post("/predict", content=picture("circle", (400, 251)))
    assert answer.status_code == 413
    assert "100,400" in answer.json()["items"][0]["reason"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "image/png", 422),
        (b'{"picture": 1}', "application/json", 415),
        (b"--b--\r\n", "multipart/form-data; boundary=b", 422),
        (b"nonsense", "multipart/form-data; boundary=b", 400),
        (b"nonsense", "multipart/form-data", 400),
        (
            b'--b\r\nContent-Disposition: form-data; name="pictures"\r\n\r\ntext\r\n--b--',
            "multipart/form-data; boundary=b",
            422,
        ),
    ],
)
def test_what_is_no_picture_is_refused_with_what_to_do(client, content, kind, status):
    answer = client.post("/predict", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert set(answer.json()) == {"detail", "items"}


def test_the_model_says_what_it_is_and_what_a_request_may_be(client):
    said = client.get("/model").json()
    assert said["labels"] == list(CLASSES)
    assert said["limits"] == LIMITS.model_dump()
    assert (said["model"], said["contract"]["input"]["size"], said["tells_unfamiliar"]) == ("shapes-1", 32, False)


def test_the_key_opens_everything_and_health_needs_none(guarded):
    assert guarded.get("/healthz").json() == {"status": "ok"}
    for path in ("/model", "/metrics"):
        assert guarded.get(path).status_code == 401
    refused = guarded.post("/predict", content=picture("circle"), headers={"Authorization": "Bearer wrong"})
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    right = {"Authorization": "Bearer geheim-é".encode()}
    assert guarded.post("/predict", content=picture("circle"), headers=right).status_code == 200
    assert guarded.get("/metrics", headers=right).status_code == 200


def test_a_monitor_sees_requests_refusals_and_classes(client):
    client.post("/predict", files=form(picture("circle"), picture("circle")))
    client.post("/predict", content=b"no picture")
    client.get("/wp-admin.php")
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert 'graft_requests_total{path="/predict",status="200"} 1.0' in lines
    assert 'graft_requests_total{path="/predict",status="422"} 1.0' in lines
    assert 'graft_requests_total{path="other",status="404"} 1.0' in lines
    assert 'graft_predictions_total{label="circle"} 2.0' in lines
    assert 'graft_predictions_total{label="square"} 0.0' in lines
    assert "graft_waiting_items 0.0" in lines
    assert "graft_items_together_sum 3.0" in lines
    assert 'graft_request_seconds_count{path="/predict"} 2.0' in lines


def test_the_description_has_every_path_way_and_status(client, guarded):
    said = client.get("/openapi.json").json()
    assert set(said["paths"]) == {"/predict", "/model", "/healthz", "/metrics"}
    predict = said["paths"]["/predict"]["post"]
    assert {"multipart/form-data", "image/*", "application/octet-stream"} <= set(predict["requestBody"]["content"])
    assert set(predict["responses"]) == {"200", "400", "413", "415", "422", "503"}
    with_key = guarded.get("/openapi.json").json()
    assert with_key["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert "401" in with_key["paths"]["/predict"]["post"]["responses"]


@pytest.mark.parametrize("path", ["/healthz", "/model", "/openapi.json", "/metrics", "/predict", "/elsewhere"])
def test_a_head_request_is_answered_as_get_without_the_body(client, path):
    got, headed = client.get(path), client.head(path)
    assert headed.status_code == got.status_code
    assert headed.content == b""
    if path != "/metrics":  # its figures change with every request
        assert headed.headers == got.headers


def test_a_head_request_needs_the_key_as_get_does(guarded):
    assert guarded.head("/healthz").status_code == 200
    refused = guarded.head("/model")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


def test_a_server_at_a_port_answers_a_head_request_and_then_another_request(live):

    connection = http.client.HTTPConnection(live.removeprefix("http://"), timeout=30)
    connection.request("HEAD", "/model")
    headed = connection.getresponse()
    length = int(headed.headers["content-length"])
    assert (headed.status, headed.read()) == (200, b"")
    connection.request("GET", "/model")  # by the same connection, which a body would have spoilt
    assert len(connection.getresponse().read()) == length
    connection.close()
