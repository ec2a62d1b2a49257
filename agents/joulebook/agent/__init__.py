"""The daemon: measures a host all day, and takes spans from trackers over a local socket."""
