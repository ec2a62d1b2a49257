"""What was measured leaves the process: durable spool first, then the server."""
