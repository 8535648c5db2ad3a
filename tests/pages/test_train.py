"""The train page: good defaults, a toggle that moves the cut, faults beside their fields, a start that makes a run."""

from __future__ import annotations

import pytest

from pages.components.shell import run_facts
from tests.backbones.test_own import own_row
from tests.pages.made_runs import made
from tests.pages.opening import button, open_page, words
from tests.runs.test_initial_weights import write_model
from tlcore.backbones.catalogue import find
from tlcore.backbones.own import own_rows
from tlcore.errors import WeightsError
from tlcore.progress import Progress
from tlcore.runs.lr_finder import Rates
from tlcore.runs.own_backbones import Added
from tlcore.runs.recommend import recommend
from tlcore.runs.run import list_runs


@pytest.fixture
def started(monkeypatch):
    """The runs whose worker would have been started."""
    runs = []
    monkeypatch.setattr("tlcore.jobs.launch.launch", runs.append)
    return runs


def uploader(app, label):
    return next(each for each in app.file_uploader if each.label == label)


def test_without_pictures_the_page_says_where_to_get_some(workspace):
    app = open_page("train")
    assert "No dataset yet" in words(app)
    assert button(app, "Add pictures")


def test_a_beginner_only_presses_start(workspace, tiny_dataset, started):
    app = open_page("train")
    button(app, "Start").click().run()
    (run,) = list_runs(workspace)
    assert started == [run]
    assert run.config == recommend(tiny_dataset, find("efficientnet_lite0")).config(tiny_dataset.id)
    assert app.query_params["run"] == run.id
    assert run_facts.title(run) in words(app)


def test_the_toggle_and_the_slider_say_how_many_weights_are_trained(workspace, tiny_dataset, started):
    app = open_page("train")
    app.session_state["train-mode"] = "freeze"
    app.run()
    assert "will be trained (0.1" in words(app)
    app.session_state["train-mode"] = "fine-tune"
    app.run()
    app.select_slider(key="train-blocks").set_value(1).run()
    assert "will be trained (12" in words(app)
    app.select_slider(key="train-blocks").set_value(9).run()
    assert "will be trained (100" in words(app)
    button(app, "Start").click().run()
    (run,) = list_runs(workspace)
    assert (run.config.mode, run.config.blocks) == ("fine-tune", 9)


def test_every_fault_stands_on_the_page_and_start_waits_until_there_is_none(workspace, tiny_dataset, started):
    app = open_page("train")
    app.number_input(key="train-epochs").set_value(0)
    app.number_input(key="train-input.size").set_value(8)
    app.number_input(key="train-dropout").set_value(1.5)
    app.slider(key="train-fractions").set_value((100, 100)).run()
    text = words(app)
    for start in (
        "Epochs must be",
        "EfficientNet-Lite0 takes pictures of",
        "Dropout must be",
        "Each part of",
    ):
        assert text.count(start) == 1, start
    assert button(app, "Start").disabled
    app.number_input(key="train-epochs").set_value(3)
    app.number_input(key="train-input.size").set_value(96)
    app.number_input(key="train-dropout").set_value(0.1)
    app.slider(key="train-fractions").set_value((60, 80)).run()
    assert not button(app, "Start").disabled
    button(app, "Start").click().run()
    config = list_runs(workspace)[0].config
    assert (config.epochs, config.input.size, config.dropout) == (3, 96, 0.1)
    assert config.fractions.train == pytest.approx(0.6)


def test_another_backbone_brings_its_own_image_size_and_its_own_blocks(workspace, tiny_dataset):
    app = open_page("train")
    app.session_state["train-mode"] = "fine-tune"
    app.run()
    app.select_slider(key="train-blocks").set_value(9).run()
    app.button(key="choose-xception").click().run()
    assert not app.exception
    assert app.number_input(key="train-input.size").value == 299
    assert "Xception needs its pretrained weights" in words(app)


def test_a_backbone_that_is_cut_only_at_its_ends_has_no_slider(workspace, tiny_dataset):
    app = open_page("train")
    app.button(key="choose-nasnet_mobile").click().run()
    app.session_state["train-mode"] = "fine-tune"
    app.run()
    assert not app.exception
    assert not app.select_slider
    assert "only be frozen or trained as a whole" in words(app)


def test_weights_of_ones_own_are_added_chosen_and_removed(workspace, tiny_dataset, tmp_path, monkeypatch):
    asked = {}

    def adding(_workspace, given, **said):
        asked.update(said, given=given)
        yield Progress(0, 0, note="Checking")
        row = own_row(workspace, title=said["name"])
        return Added(backbone=row.key, title=row.title, parameters=row.parameters, notes=("Pixels are *usual*.",))

    monkeypatch.setattr("pages.components.train.own_weights.add_in_process", adding)
    app = open_page("train")
    app.text_input(key="own-weights-name").set_value("Chest *ViT*")
    app.text_input(key="own-weights-licence").set_value("unknown")
    app.text_input(key="own-weights-path").set_value(f" '{tmp_path}' ")
    button(app, "Add").click().run()
    assert not app.exception
    assert asked == {
        "given": tmp_path,
        "name": "Chest *ViT*",
        "licence": "unknown",
        "source": "",
        "dataset": tiny_dataset.id,
    }
    assert "is in the catalogue and chosen" in words(app)
    assert "Pixels are \\*usual\\*." in words(app)
    (key,) = own_rows(workspace)
    assert app.session_state["train-backbone"] == key
    assert app.number_input(key="train-input.size").value == own_rows(workspace)[key].native_size
    app.button(key=f"remove-{key}").click().run()
    assert not app.exception
    assert not own_rows(workspace)
    assert app.session_state["train-backbone"] == "efficientnet_lite0"


def test_weights_that_are_refused_say_why_and_nothing_changes(workspace, tiny_dataset, monkeypatch):
    def refusing(*_given, **_said):
        yield Progress(0, 0)
        raise WeightsError("Weights are needed as numbers alone. model.pkl is a pickle.")

    monkeypatch.setattr("pages.components.train.own_weights.add_in_process", refusing)
    app = open_page("train")
    button(app, "Add").click().run()
    assert "Nothing was given" in words(app)
    app.text_input(key="own-weights-path").set_value("/somewhere")
    button(app, "Add").click().run()
    assert "model.pkl is a pickle" in words(app)
    assert app.session_state["train-backbone"] == "efficientnet_lite0"


def test_augmentations_are_single_switches(workspace, tiny_dataset, started):
    app = open_page("train")
    app.toggle(key="train-rotate").set_value(True)
    app.toggle(key="train-flip_left_right").set_value(False).run()
    button(app, "Start").click().run()
    assert list_runs(workspace)[0].config.augment == ("rotate",)


def test_repeating_a_run_fills_in_its_settings(workspace, tiny_dataset, started):
    settings = {"mode": "fine-tune", "blocks": 4, "epochs": 7, "augment": ("zoom",), "seed": 5}
    run = made(workspace, tiny_dataset, **settings)
    app = open_page("train", **{"from": run.id})
    assert app.number_input(key="train-epochs").value == 7
    button(app, "Start").click().run()
    again = next(other for other in list_runs(workspace) if other != run)
    assert again.config == run.config


def test_an_unsent_form_survives_a_look_at_another_page(workspace, tiny_dataset):
    app = open_page("train")
    app.number_input(key="train-epochs").set_value(4).run()
    app.switch_page("pages/runs.py").run()
    app.switch_page("pages/train.py").run()
    assert app.number_input(key="train-epochs").value == 4


def test_a_link_to_a_run_that_is_gone_is_told_in_a_sentence(workspace, tiny_dataset):
    app = open_page("train", **{"from": "gone"})
    assert "'gone'" in words(app)


def test_what_is_recommended_is_said_with_its_reasons(workspace, tiny_dataset):
    text = words(open_page("train"))
    assert "Recommended for these pictures" in text
    for each in recommend(tiny_dataset, find("efficientnet_lite0")).advice:
        assert each.reason in text


def test_a_changed_setting_is_marked_and_goes_back(workspace, tiny_dataset):
    recommended = recommend(tiny_dataset, find("efficientnet_lite0")).config("any")
    app = open_page("train")
    assert not [each for each in app.button if each.label.startswith("Back to")]
    app.number_input(key="train-epochs").set_value(3)
    app.number_input(key="train-dropout").set_value(0.5)
    app.toggle(key="train-rotate").set_value(True).run()
    assert "3 settings are yours: augmentation, epochs, dropout" in words(app)
    app.button(key="train-back-epochs").click().run()
    assert app.number_input(key="train-epochs").value == recommended.epochs
    assert app.number_input(key="train-dropout").value == 0.5
    button(app, "Back to recommended").click().run()
    assert app.number_input(key="train-dropout").value == recommended.dropout
    assert not app.toggle(key="train-rotate").value
    assert "yours" not in words(app)


def test_what_nobody_changed_follows_another_backbone_and_the_rest_stays(workspace, tiny_dataset):
    app = open_page("train")
    app.number_input(key="train-dropout").set_value(0.5).run()
    app.button(key="choose-xception").click().run()
    assert app.number_input(key="train-dropout").value == 0.5
    assert "1 setting is yours: dropout" in words(app)
    for field, value in recommend(tiny_dataset, find("xception")).values.items():
        if field not in {"dropout", "augment", "fractions"}:
            assert app.session_state[f"train-{field}"] == value


def test_an_emptied_field_has_what_is_recommended(workspace, tiny_dataset, started):
    app = open_page("train")
    app.number_input(key="train-epochs").set_value(None).run()
    button(app, "Start").click().run()
    expected = recommend(tiny_dataset, find("efficientnet_lite0")).config("any").epochs
    assert list_runs(workspace)[0].config.epochs == expected


def test_a_found_learning_rate_is_shown_and_used(workspace, tiny_dataset, monkeypatch):
    def found(config):
        yield from ()
        return Rates(rates=(1e-5, 1e-4, 1e-3), losses=(1.1, 0.9, 1.0), suggested=3.2e-4)

    monkeypatch.setattr("pages.components.train.lr_finder.find_rates", found)
    app = open_page("train")
    app.session_state["train-mode"] = "freeze"
    app.run()
    app.button(key="train-find-rate").click().run()
    button(app, "Use 3.2e-04").click().run()
    assert app.number_input(key="train-head_learning_rate").value == 3.2e-4
    app.number_input(key="train-batch_size").set_value(8).run()
    assert "This curve is for other settings" in words(app)
    assert button(app, "Use 3.2e-04").disabled


def test_cutmix_with_a_frozen_backbone_is_told_beside_its_field(workspace, tiny_dataset):
    app = open_page("train")
    app.session_state["train-mode"] = "freeze"
    app.number_input(key="train-cutmix").set_value(1.0).run()
    assert words(app).count("CutMix pastes pieces of items") == 1
    assert button(app, "Start").disabled


def test_a_model_file_is_begun_with_and_brings_the_settings_it_needs(workspace, tiny_dataset, started, tmp_path):
    model = tmp_path / "mine.keras"
    write_model(model, size=160)
    app = open_page("train")
    uploader(app, "Keras model").set_value((model.name, model.read_bytes(), "")).run()
    app.run()
    assert app.radio(key="train-start").value.endswith("mine.keras")
    assert "The pictures that mine.keras was trained on are not known" in words(app), "as long as it is chosen"
    assert app.number_input(key="train-input.size").value == 160
    button(app, "Start").click().run()
    (run,) = list_runs(workspace)
    assert run.config.input.size == 160
    assert (run.path / "start" / "model.keras").read_bytes() == model.read_bytes()


def test_a_file_that_is_no_model_of_grafts_is_refused_in_a_sentence(workspace, tiny_dataset):
    app = open_page("train")
    uploader(app, "Keras model").set_value(("odd.keras", b"PK\x03\x04 and then nothing", "")).run()
    assert "odd.keras is none" in words(app)
    assert not list((workspace.root / "staging").glob("*"))
    assert not [each for each in app.radio if each.label == "Begin with"]


def test_weights_that_are_missing_can_be_downloaded_at_once_and_a_fault_says_what_to_do(
    workspace, tiny_dataset, started, monkeypatch, tmp_path
):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))
    monkeypatch.setattr("tlcore.backbones.download.FETCH_PRESET", "import sys; sys.exit('no such host')")
    app = open_page("train")
    app.session_state["train-backbone"] = "dinov3_small"
    app.run()
    assert "The weights of DINOv3 small are downloaded when the run starts, or now." in words(app)
    button(app, "Download now").click().run()
    assert "put both into" in words(app)
    assert "no such host" in words(app)
    assert button(app, "Start"), "the page stands"
