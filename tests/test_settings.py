"""The app's settings come from the environment, and a wrong one is named."""

import dataclasses

import pytest

from samhq_demo.settings import Settings


def test_an_empty_environment_gives_the_documented_defaults():
    assert Settings.from_environment({}) == Settings(
        model="auto", baseline=None, device=None, dtype=None, cache_mb=1024
    )


def test_every_variable_sets_its_field():
    environ = {
        "SAMHQ_MODEL": "base",
        "SAMHQ_BASELINE": "facebook/sam-vit-base",
        "SAMHQ_DEVICE": "cuda",
        "SAMHQ_DTYPE": "bfloat16",
        "SAMHQ_CACHE_MB": "256",
        "SAMHQ_MODELS": "tiny, base,tiny,",
        "SAMHQ_METRICS": "Off",
        "UNRELATED": "1",
    }
    assert Settings.from_environment(environ) == Settings(
        model="base",
        baseline="facebook/sam-vit-base",
        device="cuda",
        dtype="bfloat16",
        cache_mb=256,
        models=("tiny", "base"),
        metrics=False,
    )


@pytest.mark.parametrize("space", [{"SPACE_ID": "owner/name"}, {"SPACES_ZERO_GPU": "true"}])
def test_metrics_are_shown_on_ones_own_machine_and_on_a_space_only_if_one_says_so(space):
    assert Settings.from_environment({}).metrics
    assert not Settings.from_environment(space).metrics
    assert Settings.from_environment({**space, "SAMHQ_METRICS": "on"}).metrics


def test_a_blank_variable_counts_as_unset():
    environ = dict.fromkeys(
        (
            "SAMHQ_MODEL",
            "SAMHQ_BASELINE",
            "SAMHQ_DEVICE",
            "SAMHQ_DTYPE",
            "SAMHQ_CACHE_MB",
            "SAMHQ_MODELS",
            "SAMHQ_METRICS",
        ),
        " ",
    )
    assert Settings.from_environment(environ) == Settings()


def test_surrounding_space_and_the_case_of_fixed_words_do_not_matter():
    settings = Settings.from_environment(
        {"SAMHQ_MODEL": " Owner/Name ", "SAMHQ_DEVICE": " CPU ", "SAMHQ_DTYPE": "Float32"}
    )
    assert (settings.model, settings.device, settings.dtype) == ("Owner/Name", "cpu", "float32")


@pytest.mark.parametrize(
    ("variable", "value", "right"),
    [
        ("SAMHQ_DEVICE", "gpu", "one of cpu, cuda, mps"),
        ("SAMHQ_DTYPE", "float64", "one of float32, bfloat16, float16"),
        ("SAMHQ_CACHE_MB", "1GB", "a whole number of megabytes"),
        ("SAMHQ_CACHE_MB", "1.5", "a whole number of megabytes"),
        ("SAMHQ_CACHE_MB", "-1", "0 or more"),
        ("SAMHQ_MODELS", "all,tiny", "all, or the names"),
        ("SAMHQ_MODELS", ",", "all, or the names"),
        ("SAMHQ_METRICS", "yes", "on or off"),
    ],
)
def test_a_wrong_value_is_refused_with_its_variable_its_value_and_what_is_right(variable, value, right):
    with pytest.raises(ValueError, match=variable) as refusal:
        Settings.from_environment({variable: value})
    assert value in str(refusal.value)
    assert right in str(refusal.value)


def test_settings_made_in_code_are_checked_too():
    with pytest.raises(ValueError, match="SAMHQ_DEVICE is 'tpu'"):
        Settings(device="tpu")
    with pytest.raises(ValueError, match="SAMHQ_MODEL is empty"):
        Settings(model="")


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().model = "base"  # type: ignore[misc]
