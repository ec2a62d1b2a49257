"""From sensors to windows with their parts; shared by everything that measures."""
