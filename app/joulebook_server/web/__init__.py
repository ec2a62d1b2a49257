"""HTML pages: the same figures as the API, for people."""
