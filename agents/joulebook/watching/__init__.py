"""How the agent is watched: its metrics page, its health, the form of its log."""
