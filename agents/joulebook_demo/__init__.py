"""A real experiment for `joulebook demo`: one network, four ways to make it cheaper.

Handwritten digits are learned by a float32 network; it is pruned, quantised and distilled; every
step is measured as a job of its own, and every energy shown is read back from the server.
"""
