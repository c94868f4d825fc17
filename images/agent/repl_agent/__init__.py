"""The agent's parts; `agent.main` puts them together."""
