"""How long a pod is waited for that nobody has told of yet."""

from tests.discovery.kube.watch import Watch

from joulebook.discovery.kubernetes import Pod


def test_a_pod_is_waited_for_until_somebody_answered_twice_since_it_was_asked_for(
    watch: Watch,
) -> None:
    watch.known.look()
    assert watch.known.pod("uid-a") is None
    waits = [watch.after(30).waits("uid-a") for _ in range(3)]
    assert waits == [True, False, False]


def test_while_nobody_answers_a_pod_is_waited_for_ten_minutes(watch: Watch) -> None:
    watch.told.refusal = "no way"
    waits = []
    for _ in range(12):
        assert watch.known.pod("uid-a") is None
        waits.append(watch.after(60).waits("uid-a"))
    assert waits == [True] * 9 + [False] * 3


def test_a_pod_that_comes_to_be_known_is_not_waited_for(watch: Watch) -> None:
    assert watch.known.pod("uid-a") is None
    watch.told.now = {"uid-a": Pod("research", "a")}
    assert watch.after(30).pod("uid-a") is not None
    assert not watch.known.waits("uid-a")


def test_where_the_kubelet_alone_is_asked_no_pod_is_waited_for() -> None:
    watch = Watch(cluster=False)
    assert watch.known.pod("uid-a") is None
    assert not watch.known.waits("uid-a")
