"""What all tests share: how hypothesis searches."""

from hypothesis import settings

# No deadline: nothing here depends on how fast the machine is. The same examples on every
# run: a stranger's first `make test` says the same as ours.
settings.register_profile("joulebook", deadline=None, derandomize=True)
settings.load_profile("joulebook")
