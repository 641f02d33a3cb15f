"""Who is sent where: mentors, or teams of three, to factories."""
