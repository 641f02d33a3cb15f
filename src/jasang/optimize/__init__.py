"""The next best thing to do: experiments, settings, schedules, assignments. Problem (data) → solve → result (data)."""
