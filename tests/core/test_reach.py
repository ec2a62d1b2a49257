from joulebook.core.reach import covered, not_covered


def test_what_has_a_sensor_is_covered_and_the_rest_is_named() -> None:
    assert covered({"gpu", "dram"}) == ["DRAM", "GPU"]
    assert "CPU package" in not_covered({"gpu", "dram"})
    assert "fans" in not_covered({"gpu", "cpu", "dram"})


def test_a_kind_without_a_name_of_its_own_is_told_as_it_is() -> None:
    assert covered({"tpu"}) == ["tpu"]
