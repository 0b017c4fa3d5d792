"""Which licences of others we allow."""

import pytest

from tests.audit import is_allowed


@pytest.mark.parametrize(
    ("licence", "is_one"),
    [
        *((name, True) for name in ("MIT License", "BSD-3-Clause", "Apache Software License; BSD License", "MIT-CMU")),
        ("Apache-2.0 OR GPL-2.0-only", True),
        ("BSD-3-Clause AND MIT", True),
        ("BSD-3-Clause AND GPL-3.0-only", False),
        *((name, False) for name in ("UNKNOWN", "", "GPL-3.0-only", "LGPLv3 (MIT parts)", "Proprietary")),
    ],
)
def test_a_licence_is_allowed_if_it_asks_nothing_of_programs_that_use_it(licence, is_one):
    assert is_allowed(licence) is is_one
