"""What several tests of the controller stand on."""

import pytest

from tests.integration.world import World


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.database.close()
