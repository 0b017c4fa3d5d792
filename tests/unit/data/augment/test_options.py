"""How strongly images are deformed, as people write it down."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.data.augment.options import _DEFAULT, _MOST, Augmentation
from shared.errors import ConfigError

augmentations = st.builds(Augmentation, **{name: st.floats(0, most) for name, most in _MOST.items()})


def test_it_does_nothing_if_nothing_is_said():
    assert set(Augmentation().to_json().values()) == {0.0}
    assert not Augmentation().moves_pixels
    assert str(Augmentation()) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("elastic=3.6,rotate=9,shift", {"elastic": 3.6, "rotate": 9.0, "shift": 1.0}),
        ("shift", {"shift": 1.0}),
        (" scale = .1 , shear=1e-2", {"scale": 0.1, "shear": 0.01}),
        ("noise=0", {}),
    ],
)
def test_a_text_names_what_is_wanted(text, expected):
    assert Augmentation.parse(text) == Augmentation(**expected)


@pytest.mark.parametrize("name", _MOST)
def test_a_bare_name_has_its_default_strength(name):
    assert Augmentation.parse(name) == Augmentation(**{name: _DEFAULT[name]})


@given(augmentations)
def test_what_is_printed_can_be_given(augmentation):
    if str(augmentation):
        assert Augmentation.parse(str(augmentation)) == augmentation


@given(augmentations)
def test_json_keeps_it(augmentation):
    assert Augmentation.from_json(json.loads(json.dumps(augmentation.to_json()))) == augmentation


def test_whole_numbers_are_kept_as_the_same_floats():
    """Otherwise two equal configurations would be written in two ways."""
    assert json.dumps(Augmentation(rotate=9).to_json()) == json.dumps(Augmentation(rotate=9.0).to_json())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "augment must be a list of elastic, rotate, scale, shear, shift, noise, each with or without =strength, "),
        ("blur=3", "got 'blur=3'; give elastic=3.6,rotate=9, for example"),
        ("elastic,", "got 'elastic,'"),
        ("elastic;rotate", "got 'elastic;rotate'"),
        ("elastic=", "augment must have a number after the =, got 'elastic='; give elastic=3.6, for example"),
        ("rotate=much", "got 'rotate=much'; give rotate=9"),
        ("shift=1,shift=2", "augment may have shift once, got 'shift=1,shift=2'"),
        ("elastic=-1", "augment takes elastic between 0 and 100, got elastic=-1.0"),
        ("rotate=181", "augment takes rotate between 0 and 180, got rotate=181.0"),
        ("noise=nan", "augment takes noise between 0 and 1, got noise=nan"),
        ("scale=inf", "augment takes scale between 0 and 0.9, got scale=inf"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_value(text, message):
    with pytest.raises(ConfigError) as error:
        Augmentation.parse(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, "1", None, True, [1.0]])
def test_json_of_another_kind_is_refused(value):
    with pytest.raises(ConfigError, match="augment takes shear between 0 and 1, got shear="):
        Augmentation.from_json({"shear": value})


def test_json_of_another_name_is_refused():
    with pytest.raises(ConfigError, match=r"augment must have names among elastic, .*, got blur"):
        Augmentation.from_json({"blur": 1.0})
